//! Names and texts of the invented users. `@friend` is replaced with the handle of a user.

pub(super) const FIRST_NAMES: &[&str] = &[
    "Amparo", "Bram", "Celeste", "Dorrit", "Emeka", "Fenna", "Gustav", "Hana", "Ines", "Jarek", "Keziah", "Lorcan",
    "Mirela", "Nuno", "Odile", "Priya", "Quentin", "Runa", "Sorcha", "Tomas", "Ulla", "Vesna", "Wendell", "Yara",
];

pub(super) const LAST_NAMES: &[&str] = &[
    "Ashgrove",
    "Bellweather",
    "Cordwainer",
    "Dunmarsh",
    "Eddington",
    "Fairlough",
    "Greylag",
    "Hollowell",
    "Inkster",
    "Juniper",
    "Kestrel",
    "Larkspur",
    "Mossbank",
    "Nightjar",
    "Oakhanger",
    "Pebblebrook",
    "Rushmere",
    "Saltwick",
];

pub(super) const OTHER_NAMES: &[&str] = &[
    "Zoë Brückenau",
    "Łucja Świt",
    "灯台守 🗼",
    "Señor Tetera ☕",
    "Ωρα Καλή",
    "Bee & Sons 🐝",
    "Малый маяк",
    "mo 🦊",
];

pub(super) const DESCRIPTIONS: &[&str] = &[
    "Repairs barometers & listens to them",
    "Draws maps of places that are <not> there",
    "Gardener. Slow reader.",
    "Teetrinkerin, nebenbei Seiltänzerin",
    "Trains, tides and tomatoes 🍅",
    "Keeper of a very small museum",
    "Half of a brass quintet (the low half)",
    "",
];

pub(super) const PLACES: &[&str] =
    &["Lantern Quay", "Upper Thistledown", "Brückenau am See", "Saltwick Bay", "Mill Row 9", "São Farol", ""];

/// Language and text of posts.
pub(super) const POSTS: &[(&str, &str)] = &[
    ("en", "Low tide at seven & the lamp is already lit #harbour"),
    ("en", "Does anybody know why the night ferry is <late> again?"),
    ("en", "The tomatoes have won. There are 41 of them on the sill 🍅"),
    ("en", "New timetable, same fog: https://ferries.example/winter"),
    ("en", "Three things I learned at @friend's workshop today, and all of them are about glue."),
    ("en", "Counting swifts with @friend until dark #swifts #counting"),
    ("en", "Fixed the barometer. It now says \"perhaps\"."),
    ("en", "$BRASS is up, the low half of the quintet is down"),
    ("en", "Read this slowly https://slowreaders.example/issue/14 and then read it again"),
    ("de", "Heute früh schon drei Züge gezählt, alle pünktlich – ein Wunder! #Züge"),
    ("de", "Wer kommt mit über die Brücke? @friend hat den Tee, ich die Tassen ☕"),
    ("es", "¿Quién dejó la tetera encendida? Mañana lo sabremos #señales"),
    ("ja", "灯台に着きました。風が強いです 🗼"),
    ("pt", "O farol está aceso, o café também"),
];

/// Sentences of which long posts are composed.
pub(super) const SENTENCES: &[&str] = &[
    "The museum has one room, one window and, since this morning, one visitor.",
    "She asked for the clock that runs backwards & I had to admit that it has stopped.",
    "Nobody had told us that the harbour <really> freezes from the bottom.",
    "We carried the kettle, the map and the dog over the second bridge, in that order.",
    "If you go, take the left path: the right one is a drawing.",
    "By four o'clock the fog had eaten the lighthouse and was looking at the café ☕.",
    "It turns out that a barometer can be wrong in both directions at once.",
];

pub(super) const REPLIES: &[&str] = &[
    "gladly, six it is",
    "that is <exactly> what I said, & nobody listened",
    "mine says \"perhaps\" too",
    "on my way 🚲",
    "see https://ferries.example/answers",
    "Das wüsste ich auch gern",
];

pub(super) const MESSAGES: &[&str] = &[
    "Is the blue kettle ready & can I fetch it on Friday?",
    "Thank you! 🫖",
    "The map is here: https://maps.example/left-path",
    "We close at five, <please> ring twice",
    "Bis morgen, grüß den Hund",
    "No, the other one",
];

/// The question of a prompt, and its quick replies: label, description, metadata.
pub(super) const PROMPT: &str = "Which kettle is it about?";
pub(super) const ANSWERS: &[(&str, &str, &str)] = &[
    ("The blue one", "Came in May", "kettle:blue"),
    ("The dented one", "", "kettle:dented"),
    ("None of them", "", ""),
];

pub(super) const CHAT_LINES: &[&str] =
    &["Which bell is that?", "Louder please 🔔", "hello from Saltwick & the dog", "is this <live>?"];

pub(super) const TITLES: &[&str] = &["Bells at noon", "Fog, live ☁️", "The tomato count", "Low brass rehearsal"];

pub(super) const ALT_TEXTS: &[&str] =
    &["A kettle on a windowsill", "Fog in front of a lighthouse", "Two swifts & a wire", ""];

/// URLs and names of X's clients and of one app.
pub(super) const CLIENTS: &[(&str, &str)] = &[
    ("https://client.example/iphone", "X for iPhone"),
    ("https://client.example/web", "X Web App"),
    ("https://kettledesk.example", "Kettle Desk"),
];

pub(super) const HEADLINES: &[(&str, &str, &str, &str)] = &[
    (
        "Night Ferry Returns After Nine Days of Fog",
        "Travel",
        "The ferry is back, and so are its passengers.",
        "After nine days the night ferry has left the harbour again. Passengers spoke of tea and patience.",
    ),
    (
        "Museum With One Room Opens a Second",
        "Culture",
        "A very small museum has become a small one.",
        "The keeper found a door behind a map. The second room holds a clock that runs backwards.",
    ),
    (
        "Swift Counters Agree on a Number",
        "Science",
        "For the first time both counts are the same.",
        "Volunteers counted 1,204 swifts on both sides of the river. Some asked for a recount.",
    ),
];
