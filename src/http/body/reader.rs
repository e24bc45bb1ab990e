//! Reads a request's struct from a JSON value, as clients mean it.
//!
//! Rules for every request
//! - A field whose value is `null` counts as absent.
//! - A whole number may be written with a fraction of zero: `100.0` is 100.
//! - An object is expected for a struct; an array does not stand for it.
//! - A key that the struct does not have is collected, and the caller decides what becomes of it.
//! - Fields of type [`Value`] and maps are taken as they are: their nulls mean something.
//!
//! A struct may spread its fields over several: a field named [`REST`] is read from the keys of the
//! same object that the struct itself does not have. (`#[serde(flatten)]` would read its fields
//! through a buffer that knows neither their types nor their paths.)

use crate::http::body::error::FieldError;
use crate::http::body::error::shortened;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::StrDeserializer;
use serde::forward_to_deserialize_any;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;
use std::cell::RefCell;

/// Name of the field that is read from the remaining keys of its object.
pub(crate) const REST: &str = "*";

/// What a body holds: the value, and the keys that no struct has.
#[derive(Debug)]
pub(super) struct Reading<T> {
    pub(super) value: T,
    pub(super) unknown: Vec<UnknownKey>,
}

/// A key that its struct does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownKey {
    /// Path of the key, such as `messages[0].nme`.
    pub(super) path: String,
    /// The key of the same object that is spelt most like it, if one is close.
    pub(super) nearest: Option<&'static str>,
}

/// Reads `value` as a `T`.
///
/// # Errors
/// The first field that does not have the expected form.
pub(super) fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<Reading<T>, FieldError> {
    let context = Context::default();
    let value = T::deserialize(Node { value, context: &context, known: None })?;
    Ok(Reading { value, unknown: context.unknown.into_inner() })
}

/// What all nodes of one body share.
#[derive(Debug, Default)]
struct Context {
    /// Keys and indices that lead to the node being read.
    path: RefCell<Vec<String>>,
    unknown: RefCell<Vec<UnknownKey>>,
}

impl Context {
    /// Runs `read` one step deeper.
    fn inside<T>(&self, step: String, read: impl FnOnce() -> T) -> T {
        self.path.borrow_mut().push(step);
        let result = read();
        self.path.borrow_mut().pop();
        result
    }

    fn path_of(&self, key: &str) -> String {
        let mut path = String::new();
        for step in self.path.borrow().iter().map(String::as_str).chain([shortened(key).as_str()]) {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        path
    }
}

/// Fields of the structs that one object is read as.
type KnownFields = RefCell<Vec<&'static str>>;

/// One value of the body.
#[derive(Clone, Copy)]
struct Node<'de, 'c> {
    value: &'de Value,
    context: &'c Context,
    /// Set if the object belongs to an outer struct, whose remaining keys are read.
    known: Option<&'c KnownFields>,
}

impl<'de, 'c> Node<'de, 'c> {
    fn child(&self, value: &'de Value) -> Self {
        Self { value, context: self.context, known: None }
    }

    fn refuse(&self, expected: &str) -> FieldError {
        let found = match self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => format!("the text \"{}\"", shortened(text)),
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        FieldError::wrong_type(expected, found)
    }

    fn object(&self) -> Result<&'de Map<String, Value>, FieldError> {
        self.value.as_object().ok_or_else(|| self.refuse("an object"))
    }

    fn number(&self) -> Result<&'de Number, FieldError> {
        match self.value {
            Value::Number(number) => Ok(number),
            _ => Err(self.refuse("a number")),
        }
    }

    fn unsigned(&self, max: u64) -> Result<u64, FieldError> {
        let refuse = || self.refuse(&format!("a whole number from 0 to {max}"));
        let Value::Number(number) = self.value else { return Err(refuse()) };
        whole_unsigned(number).filter(|number| *number <= max).ok_or_else(refuse)
    }

    fn signed(&self, min: i64, max: i64) -> Result<i64, FieldError> {
        let refuse = || self.refuse(&format!("a whole number from {min} to {max}"));
        let Value::Number(number) = self.value else { return Err(refuse()) };
        whole(number).filter(|number| (min..=max).contains(number)).ok_or_else(refuse)
    }
}

/// The number if it is whole and not negative; values too large for 64 bits become the largest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is whole and not negative; `as` stops at the largest"
)]
fn whole_unsigned(number: &Number) -> Option<u64> {
    let float = || number.as_f64().filter(|value| value.fract() == 0.0 && *value >= 0.0);
    number.as_u64().or_else(|| Some(float()? as u64))
}

/// The number if it is whole; values too large for 64 bits become the nearest that fits.
#[expect(clippy::cast_possible_truncation, reason = "the number is whole; `as` stops at the ends")]
fn whole(number: &Number) -> Option<i64> {
    let float = || number.as_f64().filter(|value| value.fract() == 0.0);
    number.as_i64().or_else(|| Some(float()? as i64))
}

macro_rules! read_whole {
    ($($method:ident $visit:ident $read:ident ($($limit:expr),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            visitor.$visit(self.$read($($limit),*)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = FieldError;

    read_whole! {
        deserialize_u8 visit_u64 unsigned(u8::MAX.into());
        deserialize_u16 visit_u64 unsigned(u16::MAX.into());
        deserialize_u32 visit_u64 unsigned(u32::MAX.into());
        deserialize_u64 visit_u64 unsigned(u64::MAX);
        deserialize_i8 visit_i64 signed(i8::MIN.into(), i8::MAX.into());
        deserialize_i16 visit_i64 signed(i16::MIN.into(), i16::MAX.into());
        deserialize_i32 visit_i64 signed(i32::MIN.into(), i32::MAX.into());
        deserialize_i64 visit_i64 signed(i64::MIN, i64::MAX);
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items { node: self, items, next: 0 }),
            Value::Object(entries) => visitor.visit_map(Entries::all(self, entries)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let value = self.value.as_bool().ok_or_else(|| self.refuse("true or false"))?;
        visitor.visit_bool(value)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let max = f64::from(f32::MAX);
        let number = self.number()?.as_f64().filter(|number| number.abs() <= max);
        let expected = || self.refuse(&format!("a number from {:e} to {max:e}", -max));
        visitor.visit_f64(number.ok_or_else(expected)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_f64(self.number()?.as_f64().ok_or_else(|| self.refuse("a number"))?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_borrowed_str(self.value.as_str().ok_or_else(|| self.refuse("a text"))?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        let items = self.value.as_array().ok_or_else(|| self.refuse("an array"))?;
        visitor.visit_seq(Items { node: self, items, next: 0 })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_map(Entries::all(self, self.object()?))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        let object = self.object()?;
        if let Some(known) = self.known {
            known.borrow_mut().extend_from_slice(fields);
            return visitor.visit_map(Entries::of_struct(self, object, fields, known));
        }
        let known = KnownFields::new(fields.to_vec());
        let value = visitor.visit_map(Entries::of_struct(self, object, fields, &known))?;
        let known = known.into_inner();
        for key in object.keys().filter(|key| *key == REST || !known.contains(&key.as_str())) {
            let nearest = nearest(key, &known);
            let path = self.context.path_of(key);
            self.context.unknown.borrow_mut().push(UnknownKey { path, nearest });
        }
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        let allowed = || format!("one of {}", variants.join(", "));
        let name = self.value.as_str().ok_or_else(|| self.refuse(&allowed()))?;
        if !variants.contains(&name) {
            return Err(self.refuse(&allowed()));
        }
        visitor.visit_enum(StrDeserializer::new(name))
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The known key that is spelt most like `key`, if it is close.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    const CLOSE_MIN: f64 = 0.7;
    let scored = known
        .iter()
        .filter(|name| **name != REST)
        .map(|name| (strsim::normalized_damerau_levenshtein(key, name), *name));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score >= CLOSE_MIN).map(|(_, name)| name)
}

/// The items of an array.
struct Items<'de, 'c> {
    node: Node<'de, 'c>,
    items: &'de [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = FieldError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, FieldError> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        let child = self.node.child(item);
        let read = || seed.deserialize(child);
        self.node.context.inside(format!("[{index}]"), read).map(Some).map_err(|e| e.at(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

/// The entries of an object that are read as a map, or as the fields of a struct.
struct Entries<'de, 'c> {
    node: Node<'de, 'c>,
    /// Entries still to be read; the last comes first.
    entries: Vec<(&'de str, Entry<'de, 'c>)>,
    value: Option<(&'de str, Entry<'de, 'c>)>,
}

/// What an entry leads to.
#[derive(Clone, Copy)]
enum Entry<'de, 'c> {
    Value(&'de Value),
    /// The object itself, without the fields that it was read for.
    Rest(&'c KnownFields),
}

impl<'de, 'c> Entries<'de, 'c> {
    fn all(node: Node<'de, 'c>, object: &'de Map<String, Value>) -> Self {
        let entries = object.iter().rev().map(|(key, value)| (key.as_str(), Entry::Value(value)));
        Self { node, entries: entries.collect(), value: None }
    }

    /// The entries that are `fields` of a struct, without nulls.
    fn of_struct(
        node: Node<'de, 'c>,
        object: &'de Map<String, Value>,
        fields: &'static [&'static str],
        known: &'c KnownFields,
    ) -> Self {
        let is_set = |(key, value): &(&String, &Value)| {
            !value.is_null() && key.as_str() != REST && fields.contains(&key.as_str())
        };
        let entries = object.iter().rev().filter(is_set);
        let rest = fields.contains(&REST).then_some((REST, Entry::Rest(known)));
        let entries = entries.map(|(key, value)| (key.as_str(), Entry::Value(value)));
        Self { node, entries: rest.into_iter().chain(entries).collect(), value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = FieldError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, FieldError> {
        self.value = self.entries.pop();
        let Some((key, _)) = self.value else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, FieldError> {
        let Some((key, entry)) = self.value.take() else {
            return Err(FieldError::custom("a value was read before its key (a bug in vitrine)"));
        };
        match entry {
            Entry::Rest(known) => seed.deserialize(Node { known: Some(known), ..self.node }),
            Entry::Value(value) => {
                let child = self.node.child(value);
                let read = || seed.deserialize(child);
                self.node.context.inside(shortened(key), read).map_err(|error| error.under(key))
            }
        }
    }
}

#[cfg(test)]
mod tests;
