//! Decodes the quantisation blocks of a model file into codes, scales and minima, up to 256 weights
//! of one row at a time.
//!
//! Source: the block structures and `dequantize_row_*` of llama.cpp's `ggml-quants.c`.

use crate::matmul::weight_type::WeightType;
use half::bf16;
use half::f16;

/// Maximum weights per unit: one super-block of the file.
pub(super) const UNIT_WEIGHTS: usize = 256;

/// Up to 256 consecutive weights of one row, decoded.
///
/// 32-weight types: weight = `d[k / 32] · (code − zero) + m[k / 32]`.
///
/// 256-weight types: weight = `d[0] · scale[k / n] · (code − zero) − m[0] · min[k / n]`, where `n`
/// weights share a scale.
#[derive(Debug, Clone)]
pub(super) struct RowUnitCodes {
    /// Unsigned codes.
    pub(super) codes: [u8; UNIT_WEIGHTS],
    /// Scales as f16 bits: one per 32 weights, or only `d[0]` for a super-block.
    pub(super) d: [u16; 8],
    /// Minima as f16 bits, indexed as `d`.
    pub(super) m: [u16; 8],
    /// Integer scales of the sub-blocks of a super-block.
    pub(super) scale: [i8; 16],
    /// Integer minima of the sub-blocks of a super-block.
    pub(super) min: [u8; 16],
    /// Weights of the dense types.
    pub(super) dense: [f32; UNIT_WEIGHTS],
}

impl RowUnitCodes {
    /// All-zero weights in every format, because every scale is zero.
    pub(super) fn zeroed() -> Self {
        Self {
            codes: [0; UNIT_WEIGHTS],
            d: [0; 8],
            m: [0; 8],
            scale: [0; 16],
            min: [0; 16],
            dense: [0.0; UNIT_WEIGHTS],
        }
    }

    /// Decodes `bytes`: whole units of the file, at most 256 weights.
    pub(super) fn read(&mut self, weight_type: WeightType, bytes: &[u8]) {
        match weight_type {
            WeightType::F32 | WeightType::F16 | WeightType::Bf16 => {
                self.read_dense(weight_type, bytes);
            }
            WeightType::Q4_0
            | WeightType::Q4_1
            | WeightType::Q5_0
            | WeightType::Q5_1
            | WeightType::Q8_0 => {
                let (_, unit_bytes) = weight_type.unit();
                for (at, block) in bytes.chunks_exact(unit_bytes).enumerate() {
                    self.read_block(weight_type, at, block);
                }
            }
            WeightType::Q2K => self.read_q2k(bytes),
            WeightType::Q3K => self.read_q3k(bytes),
            WeightType::Q4K | WeightType::Q5K => self.read_q45k(weight_type, bytes),
            WeightType::Q6K => self.read_q6k(bytes),
        }
    }

    fn read_dense(&mut self, weight_type: WeightType, bytes: &[u8]) {
        let (_, size) = weight_type.unit();
        for (weight, raw) in self.dense.iter_mut().zip(bytes.chunks_exact(size)) {
            *weight = match weight_type {
                WeightType::F16 => f16::from_le_bytes([raw[0], raw[1]]).to_f32(),
                WeightType::Bf16 => bf16::from_le_bytes([raw[0], raw[1]]).to_f32(),
                _ => f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]),
            };
        }
    }

    /// Decodes block `at`, which has 32 weights.
    fn read_block(&mut self, weight_type: WeightType, at: usize, block: &[u8]) {
        let codes = &mut self.codes[32 * at..32 * (at + 1)];
        self.d[at] = u16_at(block, 0);
        let mut rest = &block[2..];
        if weight_type == WeightType::Q8_0 {
            // Flipping the sign bit stores the signed weight as unsigned, offset by 128.
            codes.iter_mut().zip(rest).for_each(|(code, &byte)| *code = byte ^ 0x80);
            return;
        }
        if matches!(weight_type, WeightType::Q4_1 | WeightType::Q5_1) {
            self.m[at] = u16_at(rest, 0);
            rest = &rest[2..];
        }
        let mut high = 0;
        if matches!(weight_type, WeightType::Q5_0 | WeightType::Q5_1) {
            high = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]);
            rest = &rest[4..];
        }
        for j in 0..16 {
            codes[j] = (rest[j] & 15) | (u8::from(high >> j & 1 == 1) << 4);
            codes[j + 16] = (rest[j] >> 4) | (u8::from(high >> (j + 16) & 1 == 1) << 4);
        }
    }

    fn read_q45k(&mut self, weight_type: WeightType, bytes: &[u8]) {
        self.d[0] = u16_at(bytes, 0);
        self.m[0] = u16_at(bytes, 2);
        let packed = &bytes[4..16];
        for j in 0..8 {
            let (scale, min) = if j < 4 {
                (packed[j] & 63, packed[j + 4] & 63)
            } else {
                (
                    (packed[j + 4] & 15) | (packed[j - 4] >> 6 << 4),
                    (packed[j + 4] >> 4) | (packed[j] >> 6 << 4),
                )
            };
            self.scale[j] = scale.cast_signed();
            self.min[j] = min;
        }
        let five = weight_type == WeightType::Q5K;
        let (high, low) =
            if five { (&bytes[16..48], &bytes[48..]) } else { (&[][..], &bytes[16..]) };
        for (chunk, nibbles) in low.chunks_exact(32).take(4).enumerate() {
            for (l, &byte) in nibbles.iter().enumerate() {
                let bit = |at: usize| if five { (high[l] >> at & 1) << 4 } else { 0 };
                self.codes[64 * chunk + l] = (byte & 15) | bit(2 * chunk);
                self.codes[64 * chunk + 32 + l] = (byte >> 4) | bit(2 * chunk + 1);
            }
        }
    }

    fn read_q6k(&mut self, bytes: &[u8]) {
        self.d[0] = u16_at(bytes, 208);
        for (scale, &byte) in self.scale.iter_mut().zip(&bytes[192..208]) {
            *scale = byte.cast_signed();
        }
        for half in 0..2 {
            let low = &bytes[64 * half..64 * (half + 1)];
            let high = &bytes[128 + 32 * half..128 + 32 * (half + 1)];
            for l in 0..32 {
                for part in 0..4 {
                    let nibble = low[l + 32 * (part % 2)] >> (4 * (part / 2)) & 15;
                    self.codes[128 * half + 32 * part + l] =
                        nibble | (high[l] >> (2 * part) & 3) << 4;
                }
            }
        }
    }

    /// Converts to `Q6_K` without loss: three bits fit into six, and the sub-blocks are the same.
    fn read_q3k(&mut self, bytes: &[u8]) {
        let (mask, low, packed) = (&bytes[..32], &bytes[32..96], &bytes[96..108]);
        self.d[0] = u16_at(bytes, 108);
        for i in 0..16 {
            let four = if i < 8 { packed[i] & 15 } else { packed[i - 8] >> 4 };
            let two = packed[8 + i % 4] >> (2 * (i / 4)) & 3;
            self.scale[i] = (four | two << 4).cast_signed() - 32;
        }
        for k in 0..UNIT_WEIGHTS {
            let (half, part, l) = (k / 128, k / 32 % 4, k % 32);
            let code = low[32 * half + l] >> (2 * part) & 3 | (mask[l] >> (k / 32) & 1) << 2;
            // The weight is `code − 4`, and `Q6_K` stores weights plus 32.
            self.codes[k] = code + 28;
        }
    }

    /// Requantises to `Q8_0`, with rounding.
    fn read_q2k(&mut self, bytes: &[u8]) {
        let (packed, low) = (&bytes[..16], &bytes[16..80]);
        let d = f16::from_bits(u16_at(bytes, 80)).to_f32();
        let m = f16::from_bits(u16_at(bytes, 82)).to_f32();
        for sub in 0..8 {
            let weight = |l: usize| {
                let k = 32 * sub + l;
                let code = low[32 * (k / 128) + k % 32] >> (2 * (k / 32 % 4)) & 3;
                let scale = packed[k / 16];
                d * f32::from(scale & 15) * f32::from(code) - m * f32::from(scale >> 4)
            };
            let largest = (0..32).map(|l| weight(l).abs()).fold(0.0, f32::max);
            let step = f16::from_f32(largest / 127.0);
            self.d[sub] = step.to_bits();
            let inverse = if step.to_f32() > 0.0 { step.to_f32().recip() } else { 0.0 };
            for l in 0..32 {
                let code = (weight(l) * inverse).round_ties_even().clamp(-127.0, 127.0);
                #[expect(clippy::cast_possible_truncation, reason = "clamped to -127..=127")]
                let code = code as i8;
                self.codes[32 * sub + l] = code.cast_unsigned() ^ 0x80;
            }
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}
