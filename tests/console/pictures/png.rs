//! Smaller PNG files: at most 256 colours, well compressed.

use std::collections::BTreeMap;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Transformations};

type Colour = [u8; 3];

/// Returns the picture with a palette. If it has more than 256 colours, rare ones become similar ones.
pub(crate) fn compact(picture: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let channels = info.color_type.samples();
    assert!(channels >= 3, "a browser makes pictures in colour");
    let colours: Vec<Colour> = pixels.chunks_exact(channels).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();

    let (palette, indices) = palette(&colours);
    let mut compact = Vec::new();
    let mut encoder = Encoder::new(&mut compact, info.width, info.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(Compression::High);
    // Filters make neighbours similar, which the numbers of a palette are not.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header().unwrap().write_image_data(&indices).unwrap();
    compact
}

/// Returns the most frequent colours, and for each pixel the place of the nearest one.
fn palette(colours: &[Colour]) -> (Vec<u8>, Vec<u8>) {
    let mut counts: BTreeMap<Colour, usize> = BTreeMap::new();
    colours.iter().for_each(|colour| *counts.entry(*colour).or_default() += 1);
    let mut frequent: Vec<Colour> = counts.keys().copied().collect();
    frequent.sort_by_key(|colour| std::cmp::Reverse(counts[colour]));
    frequent.truncate(256);
    let distance = |one: &Colour, other: &Colour| -> u32 {
        one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2)).sum()
    };
    let nearest = |colour: &Colour| {
        let places = frequent.iter().zip(0..=u8::MAX);
        places.min_by_key(|(other, _)| distance(colour, other)).map_or(0, |(_, place)| place)
    };
    let places: BTreeMap<Colour, u8> = counts.keys().map(|colour| (*colour, nearest(colour))).collect();
    (frequent.concat(), colours.iter().map(|colour| places[colour]).collect())
}
