//! What becomes of one order, by chance that can be repeated.

use serde_json::json;

use crate::harness::doku::notice::{Notice, Shape, body};
use crate::selling::PRICE;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Chance: SplitMix64.
pub struct Luck(u64);

impl Luck {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = usize::try_from(self.below(u64::try_from(at).expect("small") + 1)).expect("small");
            items.swap(at, other);
        }
    }
}

/// What becomes of an order's payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Paid, and told.
    Paid,
    /// Paid, and told twenty times at once.
    PaidAtOnce,
    /// Paid, and every notice is lost.
    PaidInSilence,
    /// Paid, and told only a day late.
    PaidAndStale,
    /// A try failed, and that was all.
    Failed,
    /// Its time ran out.
    Expired,
    /// Nobody paid, and nobody says anything true.
    Nothing,
}

impl Fate {
    pub fn draw(luck: &mut Luck) -> Self {
        match luck.below(100) {
            0..70 => Self::Paid,
            70..72 => Self::PaidAtOnce,
            72..80 => Self::PaidInSilence,
            80..83 => Self::PaidAndStale,
            83..89 => Self::Failed,
            89..94 => Self::Expired,
            _ => Self::Nothing,
        }
    }

    pub const fn is_paid(self) -> bool {
        matches!(self, Self::Paid | Self::PaidAtOnce | Self::PaidInSilence | Self::PaidAndStale)
    }

    /// What check-status says once the payer is through; `None`: it knows nothing.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Paid | Self::PaidAtOnce | Self::PaidInSilence | Self::PaidAndStale => Some("SUCCESS"),
            Self::Failed => Some("FAILED"),
            Self::Expired => Some("EXPIRED"),
            Self::Nothing => None,
        }
    }
}

/// One message on its way.
#[derive(Clone, Debug)]
pub struct Message {
    pub notice: Notice,
    /// Signed by somebody else.
    pub is_forged: bool,
    /// Comes together with the others that do.
    pub is_at_once: bool,
}

/// What is said of an order, in the order it comes.
pub fn messages(fate: Fate, invoice: &str, luck: &mut Luck) -> Vec<Message> {
    let mut said = Vec::new();
    let shape = |luck: &mut Luck| {
        let at = usize::try_from(luck.below(u64::try_from(Shape::ALL.len()).expect("few"))).expect("few");
        Shape::ALL[at]
    };
    let mut say = |notice: Notice| said.push(Message { notice, is_forged: false, is_at_once: false });
    match fate {
        Fate::Paid => {
            if luck.percent(20) {
                say(Notice::of(shape(luck), invoice, PRICE, "FAILED"));
            }
            if luck.percent(5) {
                say(Notice::of(shape(luck), invoice, PRICE, "EXPIRED"));
            }
            let success = Notice::of(shape(luck), invoice, PRICE, "SUCCESS");
            say(success.clone());
            // The same again, or the same said anew.
            if luck.percent(30) {
                for _ in 0..=luck.below(3) {
                    let again = luck.percent(50);
                    say(if again { success.clone() } else { Notice::of(shape(luck), invoice, PRICE, "SUCCESS") });
                }
            }
            if luck.percent(10) {
                say(Notice::of(shape(luck), invoice, PRICE, "FAILED"));
            }
        }
        Fate::PaidAtOnce => {
            let success = Notice::of(shape(luck), invoice, PRICE, "SUCCESS");
            for number in 0..20 {
                let own = || Notice::of(Shape::Qris, invoice, PRICE, "SUCCESS");
                let notice = if number % 2 == 0 { success.clone() } else { own() };
                said.push(Message { notice, is_forged: false, is_at_once: true });
            }
            return said;
        }
        Fate::PaidInSilence => {}
        Fate::PaidAndStale => say(Notice::of(shape(luck), invoice, PRICE, "SUCCESS").at_ms(-DAY_MS)),
        Fate::Failed => say(Notice::of(shape(luck), invoice, PRICE, "FAILED")),
        Fate::Expired => say(Notice::of(shape(luck), invoice, PRICE, "EXPIRED")),
        Fate::Nothing => {
            // Another amount, and an old message of somebody who listened.
            say(Notice::of(shape(luck), invoice, PRICE - 1, "SUCCESS"));
            if luck.percent(50) {
                say(Notice::of(shape(luck), invoice, PRICE, "SUCCESS").at_ms(-DAY_MS));
            }
        }
    }
    if luck.percent(3) {
        let unknown = format!("{}{}", &invoice[..invoice.len() - 4], "ZZZZ");
        say(Notice::of(shape(luck), &unknown, PRICE, "SUCCESS"));
    }
    if luck.percent(5) {
        let mut strange = body(Shape::Unheard, invoice, &json!(PRICE), "PENDING");
        strange["new"] = json!({"deep": [[1.5, null]], "order": {"invoice_number": "INV"}});
        say(Notice::new(strange.to_string()));
    }
    if luck.percent(10) {
        let notice = Notice::of(shape(luck), invoice, PRICE, "SUCCESS");
        said.push(Message { notice, is_forged: true, is_at_once: false });
    }
    luck.shuffle(&mut said);
    said
}
