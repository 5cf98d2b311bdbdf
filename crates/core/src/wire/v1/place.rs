//! Where a post was written, and where its author is from.

use std::collections::BTreeMap;

use crate::wire::object::object;
use crate::wire::{Degree, Id, Text};

object! {
    /// A place with a name.
    pub struct Place<'a> {
        /// The place's id.
        pub id: Option<Id<'a>> = "id",
        /// Where X tells more of it.
        pub url: Option<Text<'a>> = "url",
        /// `city`, `admin`, `country` and others.
        pub place_type: Option<Text<'a>> = "place_type",
        /// The short name.
        pub name: Option<Text<'a>> = "name",
        /// The name with what it lies in.
        pub full_name: Option<Text<'a>> = "full_name",
        /// The country.
        pub country: Option<Text<'a>> = "country",
        /// The country's two-letter code.
        pub country_code: Option<Text<'a>> = "country_code",
        /// What is around it.
        pub bounding_box: Option<BoundingBox<'a>> = "bounding_box",
        /// Its middle: longitude, latitude.
        pub centroid: Option<[Degree; 2]> = "centroid",
        /// The places that it lies in.
        pub contained_within: Vec<Place<'a>> = "contained_within",
        /// What else X knows of it, by name: `street_address`, `locality` and others.
        pub attributes: BTreeMap<Id<'a>, Text<'a>> = "attributes",
    }
}

object! {
    /// A shape around a place.
    pub struct BoundingBox<'a> {
        /// `Polygon`.
        pub kind: Option<Text<'a>> = "type",
        /// Rings of corners, each with longitude and latitude.
        pub coordinates: Vec<Vec<[Degree; 2]>> = "coordinates",
    }
}

object! {
    /// A point on the map.
    pub struct GeoPoint<'a> {
        /// `Point`.
        pub kind: Option<Text<'a>> = "type",
        /// Two degrees.
        pub coordinates: Option<[Degree; 2]> = "coordinates",
    }
}

object! {
    /// What X makes of a profile.
    pub struct Derived<'a> {
        /// Where the user may be.
        pub locations: Vec<DerivedLocation<'a>> = "locations",
    }
}

object! {
    /// Where a user may be, from what the profile says.
    pub struct DerivedLocation<'a> {
        /// The country.
        pub country: Option<Text<'a>> = "country",
        /// The country's two-letter code.
        pub country_code: Option<Text<'a>> = "country_code",
        /// The state or province.
        pub region: Option<Text<'a>> = "region",
        /// The county.
        pub sub_region: Option<Text<'a>> = "sub_region",
        /// The city.
        pub locality: Option<Text<'a>> = "locality",
        /// All of it in one line.
        pub full_name: Option<Text<'a>> = "full_name",
        /// Its middle: longitude, latitude.
        pub geo: Option<GeoPoint<'a>> = "geo",
    }
}
