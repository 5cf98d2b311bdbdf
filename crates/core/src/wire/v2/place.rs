//! Where a post was written, and where its author is from.

use std::collections::BTreeMap;

use crate::wire::object::object;
use crate::wire::{Degree, Id, Text};

object! {
    /// Where a post was written.
    pub struct PostGeo<'a> {
        /// The place; it is among the [`Includes`](super::Includes).
        pub place_id: Option<Id<'a>> = "place_id",
        /// The very point.
        pub coordinates: Option<Point<'a>> = "coordinates",
    }
}

object! {
    /// A point on the map.
    pub struct Point<'a> {
        /// `Point`.
        pub kind: Option<Text<'a>> = "type",
        /// Longitude, latitude.
        pub coordinates: Option<[Degree; 2]> = "coordinates",
    }
}

object! {
    /// A place with a name.
    pub struct Place<'a> {
        /// The id by which posts name it.
        pub id: Option<Id<'a>> = "id",
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
        /// The ids of the places that it lies in.
        pub contained_within: Vec<Id<'a>> = "contained_within",
        /// Where it is.
        pub geo: Option<PlaceGeo<'a>> = "geo",
    }
}

object! {
    /// Where a place is, as GeoJSON.
    pub struct PlaceGeo<'a> {
        /// `Feature`.
        pub kind: Option<Text<'a>> = "type",
        /// West, south, east, north.
        pub bbox: Option<[Degree; 4]> = "bbox",
        /// Its middle.
        pub geometry: Option<Point<'a>> = "geometry",
        /// What else X knows of it, by name.
        pub properties: BTreeMap<Id<'a>, Text<'a>> = "properties",
    }
}

object! {
    /// What X makes of the place that a profile names.
    pub struct ProfileGeo<'a> {
        /// Where the user may be.
        pub potential_locations: Vec<PotentialLocation<'a>> = "potential_locations",
    }
}

object! {
    /// Where a user may be.
    pub struct PotentialLocation<'a> {
        /// The place.
        pub geo_entity: Option<GeoEntity<'a>> = "geo_entity",
    }
}

object! {
    /// A place that a profile may mean.
    pub struct GeoEntity<'a> {
        /// The place's id.
        pub entity_id: Option<Id<'a>> = "entity_id",
        /// The name with what it lies in.
        pub display_name: Option<Text<'a>> = "display_name",
        /// The country's two-letter code.
        pub country_code: Option<Text<'a>> = "country_code",
        /// The state or province.
        pub region: Option<Text<'a>> = "region",
        /// The county.
        pub sub_region: Option<Text<'a>> = "sub_region",
        /// The city.
        pub locality: Option<Text<'a>> = "locality",
        /// How many live there.
        pub population: Option<u64> = "population" | "population_str",
        /// Its middle.
        pub geo_point: Option<LatLong> = "geo_point",
    }
}

object! {
    /// A point on the map.
    pub struct LatLong {
        /// Latitude.
        pub latitude: Option<Degree> = "latitude",
        /// Longitude.
        pub longitude: Option<Degree> = "longitude",
    }
}
