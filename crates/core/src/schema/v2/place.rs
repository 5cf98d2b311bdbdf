//! Locations of posts and users.

use std::collections::BTreeMap;

use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::schema::value::Degree;

object! {
    /// The location of a post.
    pub struct PostGeo<'a> {
        /// The place, which is in the [`Includes`](super::Includes).
        pub place_id: Option<Id<'a>> = "place_id",
        /// The exact point.
        pub coordinates: Option<Point<'a>> = "coordinates",
    }

    /// A point on the map.
    pub struct Point<'a> {
        /// `Point`.
        pub kind: Option<Text<'a>> = "type",
        /// Longitude, latitude.
        pub coordinates: Option<[Degree; 2]> = "coordinates",
    }

    /// A named place.
    pub struct Place<'a> {
        /// The id by which posts refer to it.
        pub id: Option<Id<'a>> = "id",
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
        /// The ids of the places that contain it.
        pub contained_within: Vec<Id<'a>> = "contained_within",
        /// Its location.
        pub geo: Option<PlaceGeo<'a>> = "geo",
    }

    /// The location of a place, as GeoJSON.
    pub struct PlaceGeo<'a> {
        /// `Feature`.
        pub kind: Option<Text<'a>> = "type",
        /// West, south, east, north.
        pub bbox: Option<[Degree; 4]> = "bbox",
        /// Its centre.
        pub geometry: Option<Point<'a>> = "geometry",
        /// Further properties, by name.
        pub properties: BTreeMap<Id<'a>, Text<'a>> = "properties",
    }

    /// Data that X derives from the location in a profile.
    pub struct ProfileGeo<'a> {
        /// The possible locations of the user.
        pub potential_locations: Vec<PotentialLocation<'a>> = "potential_locations",
    }

    /// A possible location of a user.
    pub struct PotentialLocation<'a> {
        /// The place.
        pub geo_entity: Option<GeoEntity<'a>> = "geo_entity",
    }

    /// A place that a profile may refer to.
    pub struct GeoEntity<'a> {
        /// The place's id.
        pub entity_id: Option<Id<'a>> = "entity_id",
        /// The name with the region that contains the place.
        pub display_name: Option<Text<'a>> = "display_name",
        /// The country's two-letter code.
        pub country_code: Option<Text<'a>> = "country_code",
        /// The state or province.
        pub region: Option<Text<'a>> = "region",
        /// The county.
        pub sub_region: Option<Text<'a>> = "sub_region",
        /// The city.
        pub locality: Option<Text<'a>> = "locality",
        /// The population.
        pub population: Option<u64> = "population" | "population_str",
        /// Its centre.
        pub geo_point: Option<LatLong> = "geo_point",
    }

    /// A point on the map.
    pub struct LatLong {
        /// Latitude.
        pub latitude: Option<Degree> = "latitude",
        /// Longitude.
        pub longitude: Option<Degree> = "longitude",
    }
}
