//! The invented users of a scene.

use birdhook_core::Timestamp;

use super::dice::{Dice, seed};
use super::phrases::{DESCRIPTIONS, FIRST_NAMES, LAST_NAMES, OTHER_NAMES, PLACES};
use super::words::Link;
use super::{dates, snowflake};

/// Number of users in a scene besides its subscribers.
const CAST: u64 = 24;

/// A user, with all the facts that any API reports.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) description: String,
    /// Empty if the user gives none.
    pub(super) location: String,
    pub(super) link: Option<Link>,
    pub(super) picture: String,
    pub(super) banner: Option<String>,
    pub(super) protected: bool,
    pub(super) verified: bool,
    /// The organisation that the user is affiliated with.
    pub(super) organisation: Option<&'static str>,
    pub(super) followers: u64,
    pub(super) following: u64,
    pub(super) posts: u64,
    pub(super) listed: u64,
    pub(super) likes: u64,
    pub(super) media: u64,
    /// Creation time of the account, in whole seconds because no API reports more.
    pub(super) since: Timestamp,
}

impl Person {
    /// Returns the user with this id, always the same within a scene.
    pub(super) fn of(scene: u64, id: &str) -> Self {
        let mut dice = Dice::of([scene, seed("people"), seed(id)]);
        let dice = &mut dice;
        let (first, last) = (dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES));
        let short = if first.len() + last.len() < 11 { last } else { last.get(..1).unwrap_or(last) };
        let handle = format!("{first}_{short}{:03}", dice.below(1000)).to_lowercase();
        let name = if dice.one_in(4) { dice.pick(OTHER_NAMES).to_owned() } else { format!("{first} {last}") };
        let site = format!("{}.example", last.to_lowercase());
        let slug = dice.slug(8);
        let since = dice.between(1_180_000_000, 1_350_000_000) * 1000;
        let since = Timestamp::from_millis(i64::try_from(since).unwrap_or_default());
        Self {
            id: id.to_owned(),
            name,
            description: dice.pick(DESCRIPTIONS).to_owned(),
            location: dice.pick(PLACES).to_owned(),
            link: (!dice.one_in(3)).then(|| Link {
                url: format!("https://t.co/{}", dice.slug(10)),
                expanded: format!("https://{site}/"),
                display: site,
            }),
            picture: format!("https://img.example/profile_images/{id}/{slug}_normal.jpg"),
            banner: dice.one_in(2).then(|| format!("https://img.example/profile_banners/{id}/1600000000")),
            protected: dice.one_in(8),
            verified: dice.one_in(5),
            organisation: dice.one_in(6).then_some("Saltwick Museum"),
            followers: dice.between(0, 30_000),
            following: dice.between(1, 900),
            posts: dice.between(1, 40_000),
            listed: dice.below(200),
            likes: dice.between(0, 9_000),
            media: dice.below(400),
            since: snowflake::time_of(id).map_or(since, dates::whole_seconds),
            handle,
        }
    }

    /// Returns a user with this handle, for handles that no known user has.
    pub(super) fn called(scene: u64, handle: &str) -> Self {
        let id = Dice::of([scene, seed("handles"), seed(handle)]).between(1_000_000, 999_999_999);
        Self { handle: handle.to_owned(), name: handle.to_owned(), ..Self::of(scene, &id.to_string()) }
    }

    pub(super) fn post_url(&self, id: &str) -> String {
        format!("https://x.example/{}/status/{id}", self.handle)
    }
}

/// Returns the id of a random user of the scene, other than `but`.
pub(super) fn one_of_the_cast(scene: u64, dice: &mut Dice, but: &str) -> String {
    let number = dice.below(CAST);
    // If the drawn id is `but`, uses the next one.
    let mut ids = (number..=number + 1).map(|number| cast_id(scene, number));
    ids.find(|id| id != but).unwrap_or_default()
}

/// Returns an id; a third of the users joined in X's first years, when ids were small.
fn cast_id(scene: u64, number: u64) -> String {
    let mut dice = Dice::of([scene, seed("cast"), number]);
    if number.is_multiple_of(3) {
        return dice.between(1_000_000, 899_999_999).to_string();
    }
    let joined = dice.between(1_450_000_000_000, 1_780_000_000_000);
    let joined = Timestamp::from_millis(i64::try_from(joined).unwrap_or_default());
    (snowflake::from_time(joined) + dice.below(1 << 22)).to_string()
}
