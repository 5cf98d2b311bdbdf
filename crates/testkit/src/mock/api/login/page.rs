//! The page on which a user authorizes an app.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::Fields;

/// Returns a form that asks for the user id and consent. It is submitted to the same path, with
/// these parameters and `user_id` or `denied`.
pub(super) fn consent(app: &str, asked: &Fields) -> Response {
    let hidden: String = asked.0.iter().map(|(name, value)| hidden(name, value)).collect();
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Mock X</title><h1>Let the app {} in?</h1>\
         <form>{hidden}<label>As the user <input name=\"user_id\" value=\"2001\"></label> \
         <button>Authorise app</button> <button name=\"denied\" value=\"1\">Cancel</button></form>",
        escaped(app)
    );
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

pub(super) fn text(status: StatusCode, text: &str) -> Response {
    (status, text.to_owned()).into_response()
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
