//! Times two classes of inputs in random order.

use std::hint::black_box;
use std::time::Instant;

use super::welch::{self, Found};

/// An input. Each is copied to the same memory before use, so that its address does not influence
/// the time.
pub(super) struct Input {
    pub(super) header: Vec<u8>,
    pub(super) message: Vec<u8>,
}

/// The operation to time.
pub(super) type Timed = Box<dyn FnMut(&Input)>;

/// One measurement of both classes: their medians, and the most certain difference.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) medians: (u32, u32),
    pub(super) found: Found,
}

/// A small, fast random generator. The next class must not depend on the previous one.
pub(super) struct Coin(u64);

impl Coin {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Returns the next number, by xorshift64*.
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
}

/// Times the operation. Both classes must have the same number of inputs, with equal lengths at
/// each index.
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
        // The first runs are warm-up.
        if number >= count / 20 {
            times[class].push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        }
    }
    let [first, second] = times;
    Measured { medians: (welch::median(&first), welch::median(&second)), found: welch::test(first, second) }
}
