//! Two classes of inputs, taken in an order that nobody could guess, and how long each takes.

use std::hint::black_box;
use std::time::Instant;

use super::welch::{self, Found};

/// Where a class's inputs are copied to before each is used, so that it lies in memory where every other does.
pub(super) struct Input {
    pub(super) header: Vec<u8>,
    pub(super) message: Vec<u8>,
}

/// What is timed.
pub(super) type Timed = Box<dyn FnMut(&Input)>;

/// One measurement: so many times of both classes together, and what of them is sure.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) medians: (u32, u32),
    pub(super) found: Found,
}

/// Small and fast; which class comes next must not depend on what came before.
pub(super) struct Coin(u64);

impl Coin {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// xorshift64*.
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
}

/// The classes have as many inputs each, and one is as long as another in its place.
pub(super) fn run(classes: &[Vec<Input>; 2], timed: &mut Timed, count: usize, coin: &mut Coin) -> Measured {
    let mut times: [Vec<u32>; 2] = std::array::from_fn(|_| Vec::with_capacity(count));
    let mut input = Input { header: Vec::with_capacity(256), message: Vec::with_capacity(4096) };
    let inputs = classes[0].len() as u64;
    for number in 0..count + count / 20 {
        let (class, place) = ((coin.next() & 1) as usize, (coin.next() % inputs) as usize);
        let next = &classes[class][place];
        input.header.clear();
        input.header.extend_from_slice(&next.header);
        input.message.clear();
        input.message.extend_from_slice(&next.message);
        let input = black_box(&input);
        let begun = Instant::now();
        timed(input);
        let took = begun.elapsed();
        // The first ones warm what is to be warm.
        if number >= count / 20 {
            times[class].push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        }
    }
    let [first, second] = times;
    Measured { medians: (welch::median(&first), welch::median(&second)), found: welch::test(first, second) }
}
