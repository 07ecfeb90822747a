//! Exact fractions of integers.

use kugel_types::RoundMethod;
use kugel_types::money::Decimal;

/// A fraction in lowest terms with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fraction {
    over: i128,
    under: i128,
}

fn gcd(one: i128, other: i128) -> i128 {
    if other == 0 {
        one.abs()
    } else {
        gcd(other, one % other)
    }
}

impl Fraction {
    pub(crate) fn new(over: i128, under: i128) -> Self {
        let common = gcd(over, under) * under.signum();
        Self {
            over: over / common,
            under: under / common,
        }
    }
    pub(crate) fn whole(value: i128) -> Self {
        Self::new(value, 1)
    }
    pub(crate) fn of(value: Decimal) -> Self {
        Self::new(value.mantissa(), 10_i128.pow(value.scale()))
    }
    pub(crate) fn plus(self, other: Self) -> Self {
        Self::new(
            self.over * other.under + other.over * self.under,
            self.under * other.under,
        )
    }
    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(Self::new(-other.over, other.under))
    }
    pub(crate) fn times(self, other: Self) -> Self {
        Self::new(self.over * other.over, self.under * other.under)
    }
    pub(crate) fn by(self, other: Self) -> Self {
        self.times(Self::new(other.under, other.over))
    }
    pub(crate) fn less(self, other: Self) -> bool {
        self.over * other.under < other.over * self.under
    }
    pub(crate) fn least(self, other: Self) -> Self {
        if other.less(self) { other } else { self }
    }
    pub(crate) fn is_zero(self) -> bool {
        self.over == 0
    }
    /// Down to a multiple of `unit`.
    pub(crate) fn floor(self, unit: Self) -> Self {
        let ratio = self.by(unit);
        Self::whole(ratio.over.div_euclid(ratio.under)).times(unit)
    }
    /// To the nearest multiple of `unit`, halves up. Nothing here is negative.
    pub(crate) fn nearest(self, unit: Self) -> Self {
        self.plus(unit.times(Self::new(1, 2))).floor(unit)
    }
    /// To a multiple of `unit` by the named rule.
    pub(crate) fn rounded(self, unit: Self, method: RoundMethod) -> Self {
        match method {
            RoundMethod::Floor => self.floor(unit),
            RoundMethod::Ceil => {
                let floor = self.floor(unit);
                if floor == self { floor } else { floor.plus(unit) }
            }
            RoundMethod::Round => self.nearest(unit),
        }
    }
    pub(crate) fn sum(values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(Self::whole(0), Self::plus)
    }
}
