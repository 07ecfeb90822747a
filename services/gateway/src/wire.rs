//! The protobuf wire format: just enough to read and write it without generated types.

use bytes::BufMut;

/// Bytes that are no protobuf message.
#[derive(Debug, thiserror::Error)]
#[error("the bytes are not a valid protobuf message")]
pub(crate) struct Malformed;

/// The value of one field occurrence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    /// The content of a length-delimited value.
    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Fixed32(_) => Err(Malformed),
        }
    }
}

/// How a scalar stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Varint,
    ZigZag,
    Fixed32,
    Fixed64,
    Delimited,
}

impl Encoding {
    fn wire_type(self) -> u32 {
        match self {
            Self::Varint | Self::ZigZag => 0,
            Self::Fixed64 => 1,
            Self::Delimited => 2,
            Self::Fixed32 => 5,
        }
    }
}

/// Walks over the fields of a message.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    wire: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(wire: &'a [u8]) -> Self {
        Self { wire, at: 0 }
    }

    /// Where the next field begins.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next field's number and value, or nothing at the end.
    pub(crate) fn next_field(&mut self) -> Result<Option<(u32, Value<'a>)>, Malformed> {
        if self.at == self.wire.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed)?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed),
        };
        Ok(Some((number, value)))
    }

    /// The next element of a packed field, or nothing at the end.
    pub(crate) fn next_packed(&mut self, encoding: Encoding) -> Result<Option<Value<'a>>, Malformed> {
        if self.at == self.wire.len() {
            return Ok(None);
        }
        Ok(Some(match encoding {
            Encoding::Varint | Encoding::ZigZag => Value::Varint(self.varint()?),
            Encoding::Fixed64 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            Encoding::Fixed32 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            Encoding::Delimited => return Err(Malformed),
        }))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(Malformed)?;
        let taken = self.wire.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for (index, byte) in self.wire[self.at..].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(Malformed)
    }
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Appends a field's tag.
pub(crate) fn put_tag(out: &mut Vec<u8>, number: u32, encoding: Encoding) {
    put_varint(out, u64::from(number << 3 | encoding.wire_type()));
}

/// Appends a length-delimited field.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, Encoding::Delimited);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Turns everything after `start` into a length-delimited value by putting its length before it.
///
/// The content moves by a few bytes, which is cheaper than computing the length of a message that is not read yet.
pub(crate) fn close_delimited(out: &mut Vec<u8>, start: usize) {
    let length = (out.len() - start) as u64;
    let end = out.len();
    put_varint(out, length);
    let prefix = out.len() - end;
    out[start..].rotate_right(prefix);
}

/// A `FileDescriptorSet` without its source comments, which are most of its bytes and of the time to read them.
pub(crate) fn without_comments(descriptors: &[u8]) -> Result<Vec<u8>, Malformed> {
    const FILE: u32 = 1;
    const SOURCE_CODE_INFO: u32 = 9;
    let mut out = Vec::new();
    let mut files = Fields::new(descriptors);
    while let Some((number, file)) = files.next_field()? {
        if number != FILE {
            continue;
        }
        put_tag(&mut out, FILE, Encoding::Delimited);
        let start = out.len();
        let file = file.bytes()?;
        let mut fields = Fields::new(file);
        let mut begin = 0;
        while let Some((number, _)) = fields.next_field()? {
            if number != SOURCE_CODE_INFO {
                out.extend_from_slice(&file[begin..fields.position()]);
            }
            begin = fields.position();
        }
        close_delimited(&mut out, start);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_wrote() {
        let mut out = Vec::new();
        put_tag(&mut out, 1, Encoding::Varint);
        put_varint(&mut out, u64::MAX);
        put_tag(&mut out, 2_000, Encoding::Delimited);
        let start = out.len();
        out.extend_from_slice(&[7; 300]);
        close_delimited(&mut out, start);
        let mut fields = Fields::new(&out);
        assert_eq!(fields.next_field().unwrap(), Some((1, Value::Varint(u64::MAX))));
        assert_eq!(
            fields.next_field().unwrap(),
            Some((2_000, Value::Bytes(&[7; 300])))
        );
        assert_eq!(fields.next_field().unwrap(), None);
    }

    #[test]
    fn refuses_broken_bytes() {
        for broken in [
            &[0x08][..],
            &[0x0a, 5, 1],
            &[0x0b],
            &[0x0d, 1, 2],
            &[0xff; 12],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            assert!(Fields::new(broken).next_field().is_err(), "{broken:?}");
        }
    }
}
