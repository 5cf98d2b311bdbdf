//! A POST is accepted if and only if it has a signature header that the app can check, and each of
//! these equals the output of `sign`.
#![no_main]

use arbitrary::Arbitrary;
use birdhook_core::{App, Endpoint, EndpointSettings, Outcome, Secret, signature};
use birdhook_fuzz::{post, secret};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Request<'a> {
    knows: Knows,
    by_consumer: Vec<Value<'a>>,
    by_client: Vec<Value<'a>>,
    body: &'a [u8],
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Knows {
    Consumer,
    Client,
    Both,
}

#[derive(Arbitrary, Debug)]
enum Value<'a> {
    Any(&'a [u8]),
    Consumer,
    Client,
    Padded(u8, u8),
    Changed(u8, u8),
    Cut(u8),
}

impl Value<'_> {
    fn write(&self, body: &[u8]) -> Vec<u8> {
        let mut good = signature::sign(&secret(), body).into_bytes();
        let space = |kind: u8| b" \t\r\n\x0b\0"[usize::from(kind % 6)];
        match *self {
            Self::Any(bytes) => return bytes.to_vec(),
            Self::Consumer => {}
            Self::Client => return signature::sign(&client(), body).into_bytes(),
            Self::Padded(before, after) => {
                good.insert(0, space(before));
                good.push(space(after));
            }
            Self::Changed(at, bits) => {
                let at = usize::from(at) % good.len();
                good[at] ^= bits;
            }
            Self::Cut(at) => good.truncate(usize::from(at)),
        }
        good
    }
}

fn client() -> Secret {
    Secret::new("client").expect("a good secret")
}

fuzz_target!(|request: Request<'_>| {
    let write = |values: &[Value<'_>]| values.iter().map(|value| value.write(request.body)).collect::<Vec<_>>();
    let (by_consumer, by_client) = (write(&request.by_consumer), write(&request.by_client));
    let headers: Vec<(&str, &[u8])> = (by_consumer.iter().map(|value| (signature::HEADER, &**value)))
        .chain(by_client.iter().map(|value| ("X-Twitter-Webhooks-Signature-OAuth2", &**value)))
        .collect();

    let app = match request.knows {
        Knows::Consumer => App::new("bees", secret()),
        Knows::Client => App::with_client_secret("bees", client()),
        Knows::Both => App::new("bees", secret()).add_client_secret(client()),
    };
    let answer = post(&Endpoint::new(app, EndpointSettings::default()), &headers, [request.body]);

    let right = |values: &[Vec<u8>], key: &Secret| {
        let good = signature::sign(key, request.body);
        matches!(values, [value] if value.trim_ascii() == good.as_bytes())
    };
    let mut checked = Vec::new();
    for (values, key, ignored_by) in [(&by_consumer, secret(), Knows::Client), (&by_client, client(), Knows::Consumer)]
    {
        if request.knows != ignored_by && !values.is_empty() {
            checked.push(right(values, &key));
        }
        let good = signature::sign(&key, request.body);
        for value in values {
            let verified = signature::verify(&key, request.body, value).is_ok();
            assert_eq!(verified, value.trim_ascii() == good.as_bytes(), "{value:?}");
        }
    }
    let expected = !checked.is_empty() && checked.iter().all(|right| *right);
    assert_eq!(matches!(answer, Ok(_) | Err(Outcome::NotAnObject)), expected, "{answer:?}");
});
