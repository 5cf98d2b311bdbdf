//! Smaller PNG files: at most 256 colours, well compressed.

use std::collections::BTreeMap;

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Transformations};

type Colour = [u8; 3];

/// Returns the picture with a palette. Similar colours become one if there are more than 256.
pub(crate) fn compact(picture: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let channels = info.color_type.samples();
    assert!(channels >= 3, "a browser makes pictures in colour");
    let colours: Vec<Colour> = pixels.chunks_exact(channels).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();

    let (palette, indices) = (0..8).find_map(|bits| palette(&colours, bits)).expect("8 bits fewer leave one colour");
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

/// Returns the palette and each pixel's place in it, or `None` if the colours do not fit without
/// their last `bits` bits. A group of similar colours has its most frequent one.
fn palette(colours: &[Colour], bits: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let group = |colour: &Colour| colour.map(|value| value >> bits);
    let mut groups: BTreeMap<Colour, BTreeMap<Colour, usize>> = BTreeMap::new();
    for colour in colours {
        *groups.entry(group(colour)).or_default().entry(*colour).or_default() += 1;
        if groups.len() > 256 {
            return None;
        }
    }
    let shown = groups.values().flat_map(|members| members.iter().max_by_key(|(_, count)| **count));
    let palette = shown.flat_map(|(colour, _)| *colour).collect();
    let places: BTreeMap<Colour, u8> = groups.keys().copied().zip(0..=255).collect();
    Some((palette, colours.iter().map(|colour| places[&group(colour)]).collect()))
}
