//! The invented users of a scene.

use birdhook_core::Timestamp;
use fastrand::Rng;

use super::rng::{pick, rng, slug};
use super::text::{Link, Mention};

/// Number of users in a scene besides its subscribers.
const CAST: u64 = 24;

/// Beginnings of handles, and display names.
const NAMES: &[(&str, &str)] = &[
    ("amparo", "Amparo Inkster"),
    ("bram", "Bram <Bellweather>"),
    ("celeste", "Celeste & Sons 🐝"),
    ("hana", "灯台守 🗼"),
    ("lucja", "Łucja Świt"),
    ("yara", "Yara Kestrel"),
];

/// Profile descriptions and locations.
const PROFILES: &[(&str, &str)] = &[
    ("Repairs barometers & listens to them", "Saltwick Bay"),
    ("Draws <maps>, trains and tomatoes 🍅", "Brückenau am See"),
    ("Teetrinkerin", ""),
    ("", "Mill Row 9"),
];

/// A user, with all the facts that any API reports.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// Empty if the user gives none.
    pub(super) location: &'static str,
    pub(super) link: Option<Link>,
    pub(super) picture: String,
    pub(super) banner: Option<String>,
    pub(super) is_protected: bool,
    pub(super) is_verified: bool,
    pub(super) followers: u64,
    pub(super) following: u64,
    pub(super) posts: u64,
    pub(super) likes: u64,
    /// Creation time of the account, in whole seconds because no API reports more.
    pub(super) since: Timestamp,
}

impl User {
    /// Returns the user with this id, always the same within a scene.
    pub(super) fn of(scene: u64, id: &str) -> Self {
        let mut rng = rng(scene, &format!("user {id}"));
        let ((handle, name), (description, location)) = (pick(&mut rng, NAMES), pick(&mut rng, PROFILES));
        Self {
            id: id.to_owned(),
            handle: format!("{handle}_{:04}", rng.u32(..10_000)),
            name,
            description,
            location,
            link: (rng.u8(..3) > 0).then(|| Link::to(&format!("https://{handle}.example/"), scene)),
            picture: format!("https://img.example/profile_images/{id}/{}_normal.jpg", slug(&mut rng)),
            banner: rng.bool().then(|| format!("https://img.example/profile_banners/{id}/1600000000")),
            is_protected: rng.u8(..8) == 0,
            is_verified: rng.u8(..5) == 0,
            followers: rng.u64(..30_000),
            following: rng.u64(..900),
            posts: rng.u64(1..40_000),
            likes: rng.u64(..9_000),
            since: Timestamp::from_millis(rng.i64(1_180_000_000..1_350_000_000) * 1000),
        }
    }

    pub(super) fn mention(&self) -> Mention {
        Mention { id: self.id.clone(), handle: self.handle.clone(), name: self.name.to_owned() }
    }

    pub(super) fn post_url(&self, id: &str) -> String {
        format!("https://x.example/{}/status/{id}", self.handle)
    }
}

/// Returns the id of a random user of the scene, other than `but`.
pub(super) fn one_of_the_cast(scene: u64, random: &mut Rng, but: &str) -> String {
    let number = random.u64(..CAST);
    // If the drawn id is `but`, uses the next one.
    let mut ids = (number..=number + 1).map(|number| {
        // A third of the users joined in X's first years, when ids were small.
        let ids = if number.is_multiple_of(3) { 1_000_000..900_000_000 } else { 1 << 60..1 << 61 };
        rng(scene, &format!("cast {number}")).u64(ids).to_string()
    });
    ids.find(|id| id != but).unwrap_or_default()
}
