//! Locations of posts and users.

use std::collections::BTreeMap;

use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::schema::value::Degree;

object! {
    /// A named place.
    pub struct Place<'a> {
        /// The place's id.
        pub id: Option<Id<'a>> = "id",
        /// The URL of X's details about it.
        pub url: Option<Text<'a>> = "url",
        /// `city`, `admin`, `country` and others.
        pub place_type: Option<Text<'a>> = "place_type",
        /// The short name.
        pub name: Option<Text<'a>> = "name",
        /// The name with the region that contains the place.
        pub full_name: Option<Text<'a>> = "full_name",
        /// The country.
        pub country: Option<Text<'a>> = "country",
        /// The country's two-letter code.
        pub country_code: Option<Text<'a>> = "country_code",
        /// The shape that encloses it.
        pub bounding_box: Option<BoundingBox<'a>> = "bounding_box",
        /// Its centre: longitude, latitude.
        pub centroid: Option<[Degree; 2]> = "centroid",
        /// The places that contain it.
        pub contained_within: Vec<Place<'a>> = "contained_within",
        /// Further attributes, by name: `street_address`, `locality` and others.
        pub attributes: BTreeMap<Id<'a>, Text<'a>> = "attributes",
    }

    /// A shape that encloses a place.
    pub struct BoundingBox<'a> {
        /// `Polygon`.
        pub kind: Option<Text<'a>> = "type",
        /// Rings of corners, each with longitude and latitude.
        pub coordinates: Vec<Vec<[Degree; 2]>> = "coordinates",
    }

    /// A point on the map.
    pub struct GeoPoint<'a> {
        /// `Point`.
        pub kind: Option<Text<'a>> = "type",
        /// Two degrees, in the order documented at the field that holds this point.
        pub coordinates: Option<[Degree; 2]> = "coordinates",
    }

    /// Data that X derives from a profile.
    pub struct Derived<'a> {
        /// The possible locations of the user.
        pub locations: Vec<DerivedLocation<'a>> = "locations",
    }

    /// A possible location of a user, derived from the profile.
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
        /// The complete location in one line.
        pub full_name: Option<Text<'a>> = "full_name",
        /// Its centre: longitude, latitude.
        pub geo: Option<GeoPoint<'a>> = "geo",
    }
}
