//! Values of devices as Rust values.
//!
//! The xAPI writes `"True"`, `"On"` and sometimes `"22.5"`: what a status is called a number for may come as text.

use serde_json::Value;

/// What can be read from a value of a device.
///
/// Numbers are read from numbers and from texts that hold one, `bool` also from `True`/`False`, `On`/`Off`,
/// `Yes`/`No` and `Active`/`Inactive`, texts also from numbers.
pub trait FromValue: Sized {
    /// Reads it; `None`: it is something else.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! whole {
    ($($type:ty)*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Number(number) => match number.as_i64() {
                        Some(whole) => Self::try_from(whole).ok(),
                        None => Self::try_from(number.as_u64()?).ok(),
                    },
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                }
            }
        }
    )*};
}
whole!(u8 u16 u32 u64 i8 i16 i32 i64);

impl FromValue for f64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        const YES: [&str; 4] = ["true", "on", "yes", "active"];
        const NO: [&str; 4] = ["false", "off", "no", "inactive"];
        match value {
            Value::Bool(yes) => Some(*yes),
            Value::String(text) => {
                let is = |words: [&str; 4]| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word));
                if is(YES) {
                    Some(true)
                } else {
                    is(NO).then_some(false)
                }
            }
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(if *yes { "True" } else { "False" }.to_owned()),
            _ => None,
        }
    }
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_in_all_their_spellings() {
        assert_eq!(u8::from_value(&json!(33)), Some(33));
        assert_eq!(u8::from_value(&json!("33")), Some(33));
        assert_eq!(u8::from_value(&json!(256)), None);
        assert_eq!(i64::from_value(&json!(-1)), Some(-1));
        assert_eq!(u64::from_value(&json!(u64::MAX)), Some(u64::MAX));
        assert_eq!(i64::from_value(&json!(1.5)), None);
        assert_eq!(f64::from_value(&json!("22.5")), Some(22.5));
        assert_eq!(f64::from_value(&json!("NaN")), None);
        assert_eq!(bool::from_value(&json!("On")), Some(true));
        assert_eq!(bool::from_value(&json!("False")), Some(false));
        assert_eq!(bool::from_value(&json!("Halfwake")), None);
        assert_eq!(String::from_value(&json!(7)).as_deref(), Some("7"));
        assert_eq!(Option::<u8>::from_value(&json!(null)), Some(None));
        assert_eq!(Option::<u8>::from_value(&json!({})), None);
    }
}
