//! A mistake that explains a signature, and values changed to undo mistakes.

use std::borrow::Cow;

/// A mistake with a body, a secret or a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The change that undoes it, after "matches if".
    pub(crate) change: Cow<'static, str>,
    pub(crate) cause: Cow<'static, str>,
    pub(crate) fix: Cow<'static, str>,
}

impl Mistake {
    pub(crate) const fn new(change: &'static str, cause: &'static str, fix: &'static str) -> Self {
        Self { change: Cow::Borrowed(change), cause: Cow::Borrowed(cause), fix: Cow::Borrowed(fix) }
    }
}

/// A value after undoing mistakes. Without mistakes, it is the value as given.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<T> {
    pub(crate) value: T,
    pub(crate) mistakes: Vec<Mistake>,
}

impl<T> Candidate<T> {
    pub(crate) fn as_given(value: T) -> Self {
        Self { value, mistakes: Vec::new() }
    }

    /// Returns a candidate with one more mistake undone.
    pub(crate) fn then<U>(&self, value: U, mistake: Mistake) -> Candidate<U> {
        Candidate { value, mistakes: self.mistakes.iter().cloned().chain([mistake]).collect() }
    }
}
