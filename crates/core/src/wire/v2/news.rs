//! News stories.

use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text};

object! {
    /// A news story that X made of posts.
    pub struct News<'a> {
        /// The story's id.
        pub id: Option<Id<'a>> = "id" | "rest_id",
        /// The headline.
        pub name: Option<Text<'a>> = "name" | "headline",
        /// The field.
        pub category: Option<Text<'a>> = "category",
        /// One sentence.
        pub hook: Option<Text<'a>> = "hook",
        /// The story.
        pub summary: Option<Text<'a>> = "summary",
        /// X's warning that a machine wrote it.
        pub disclaimer: Option<Text<'a>> = "disclaimer",
        /// When it was changed.
        pub updated_at: Option<Timestamp> = "updated_at" | "last_updated_at_ms",
        /// Words for it.
        pub keywords: Vec<Text<'a>> = "keywords",
        /// Whom and what it is about.
        pub contexts: Option<NewsContexts<'a>> = "contexts",
        /// The posts it is made of.
        pub posts: Vec<super::PostRef<'a>> = "cluster_posts_results" | "cluster_tweets_results",
    }
}

object! {
    /// Whom and what a news story is about.
    pub struct NewsContexts<'a> {
        /// Subjects.
        pub topics: Vec<Text<'a>> = "topics",
        /// Names.
        pub entities: Option<NewsEntities<'a>> = "entities",
        /// What is traded.
        pub finance: Option<NewsFinance<'a>> = "finance",
        /// Who plays.
        pub sports: Option<NewsSports<'a>> = "sports",
    }
}

object! {
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
}

object! {
    /// What is traded in a news story.
    pub struct NewsFinance<'a> {
        /// Symbols of stocks.
        pub tickers: Vec<Text<'a>> = "tickers",
    }
}

object! {
    /// Who plays in a news story.
    pub struct NewsSports<'a> {
        /// Teams.
        pub teams: Vec<Text<'a>> = "teams",
    }
}
