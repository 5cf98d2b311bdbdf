//! News stories.

use super::post::PostRef;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};

object! {
    /// A news story that X generated from posts.
    pub struct News<'a> {
        /// The story's id.
        pub id: Option<Id<'a>> = "id" | "rest_id",
        /// The headline.
        pub name: Option<Text<'a>> = "name" | "headline",
        /// The category.
        pub category: Option<Text<'a>> = "category",
        /// A summary in one sentence.
        pub hook: Option<Text<'a>> = "hook",
        /// The text of the story.
        pub summary: Option<Text<'a>> = "summary",
        /// X's notice that the story is machine-generated.
        pub disclaimer: Option<Text<'a>> = "disclaimer",
        /// Time of the last change.
        pub updated_at: Option<Timestamp> = "updated_at" | "last_updated_at_ms",
        /// Keywords.
        pub keywords: Vec<Text<'a>> = "keywords",
        /// The people and subjects of the story.
        pub contexts: Option<NewsContexts<'a>> = "contexts",
        /// The posts that the story is based on.
        pub posts: Vec<PostRef<'a>> = "cluster_posts_results" | "cluster_tweets_results",
    }

    /// The people and subjects of a news story.
    pub struct NewsContexts<'a> {
        /// Topics.
        pub topics: Vec<Text<'a>> = "topics",
        /// Names.
        pub entities: Option<NewsEntities<'a>> = "entities",
        /// Stocks.
        pub finance: Option<NewsFinance<'a>> = "finance",
        /// Teams.
        pub sports: Option<NewsSports<'a>> = "sports",
    }

    /// The names in a news story.
    pub struct NewsEntities<'a> {
        /// Events.
        pub events: Vec<Text<'a>> = "events",
        /// Organisations.
        pub organizations: Vec<Text<'a>> = "organizations",
        /// People.
        pub people: Vec<Text<'a>> = "people",
        /// Places.
        pub places: Vec<Text<'a>> = "places",
        /// Products.
        pub products: Vec<Text<'a>> = "products",
    }

    /// The stocks in a news story.
    pub struct NewsFinance<'a> {
        /// Ticker symbols.
        pub tickers: Vec<Text<'a>> = "tickers",
    }

    /// The teams in a news story.
    pub struct NewsSports<'a> {
        /// Teams.
        pub teams: Vec<Text<'a>> = "teams",
    }
}
