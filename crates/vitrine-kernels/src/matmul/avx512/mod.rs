//! AVX-512 (F, BW, VL) with VNNI: strips of 16 rows; a 64-byte line is one register.
//!
//! As in the AVX2 tier, the codes of 32 weights stay in eight registers while all rows of the block
//! are multiplied. One `vpdpbusd` with a word broadcast from memory multiplies, widens and adds.
//! The zero point is subtracted with the sums of the activations, so that the weights are the
//! unsigned operand in every format.

#![expect(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]
#![expect(
    clippy::needless_range_loop,
    reason = "counted loops over register arrays that are indexed in step with lines and words"
)]

mod rows;

use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripKernel;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::Format;
use crate::matmul::weight_type::RowForm;
use crate::tier::Tier;
use std::arch::x86_64::*;

/// Rows per strip: the f32 lanes of one register.
const ROWS: usize = 16;

/// Bytes per line.
const LINE: usize = 64;

/// Eight lines of codes: line `g` holds weights `4 g ..` of every row.
type Avx512Codes = [__m512i; 8];

/// Proof that this machine has AVX-512 F, BW, VL and VNNI.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512Matmul(());

impl Avx512Matmul {
    /// # Panics
    /// If this machine does not support the tier. Matrices are packed only for supported tiers.
    pub(super) fn detected() -> Self {
        assert!(Tier::Avx512Vnni.is_available(), "the avx512-vnni tier on a machine without it");
        Self(())
    }
}

/// [`RowUnit::quantize_plain`] with AVX-512. The caller must have detected the tier.
pub(super) fn quantize(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
    // SAFETY: `RowUnit::quantize` calls this only after `Tier::is_available` has confirmed the
    // tier.
    unsafe { rows::quantize(unit, form, values) }
}

impl StripKernel for Avx512Matmul {
    fn strip(
        self,
        strip: Strip<'_>,
        units: &[RowUnit],
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that this machine supports the instructions.
        unsafe { strip_of_format(strip, units, sums, scratch) }
    }

    fn dense(
        self,
        strips: &[Strip<'_>],
        rows: FloatRows<'_>,
        sums: Sums<'_>,
        _: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that this machine supports the instructions.
        unsafe { dense(strips, rows, sums) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn strip_of_format(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
    scratch: &mut StripScratch,
) {
    match strip.format {
        Format::Q4K => super_block::<4>(strip, units, sums, scratch),
        Format::Q5K => super_block::<5>(strip, units, sums, scratch),
        Format::Q6K => super_block::<6>(strip, units, sums, scratch),
        Format::Q4_0 => blocks::<4, 3>(strip, units, sums),
        Format::Q5_0 => blocks::<5, 4>(strip, units, sums),
        Format::Q4_1 => blocks::<4, 0>(strip, units, sums),
        Format::Q5_1 => blocks::<5, 0>(strip, units, sums),
        Format::Q8_0 => blocks::<8, 7>(strip, units, sums),
        Format::F32 | Format::F16 | Format::Bf16 => unreachable!("dense weights have no codes"),
    }
}

/// Unpacks block `block` of 32 weights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn unpack<const BITS: usize>(strip: &Strip<'_>, block: usize) -> Avx512Codes {
    let mut codes = [_mm512_setzero_si512(); 8];
    let low = &strip.record[strip.layout.codes..];
    if BITS == 8 {
        for line in 0..8 {
            codes[line] = load_line(&low[(8 * block + line) * LINE..]);
        }
        return codes;
    }
    let nibble = _mm512_set1_epi8(15);
    for line in 0..4 {
        let both = load_line(&low[(4 * block + line) * LINE..]);
        codes[2 * line] = _mm512_and_si512(both, nibble);
        codes[2 * line + 1] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), nibble);
    }
    let high = &strip.record[strip.layout.high..];
    if BITS == 5 {
        let bit = _mm512_set1_epi8(16);
        // Move bit `g` of each byte to bit 4: up for the first four lines, down for the rest.
        let bits = load_line(&high[block * LINE..]);
        let mut shifted = [_mm512_slli_epi16::<4>(bits), bits];
        for line in 0..8 {
            let half = line / 4;
            codes[line] = _mm512_or_si512(codes[line], _mm512_and_si512(shifted[half], bit));
            shifted[half] = _mm512_srli_epi16::<1>(shifted[half]);
        }
    }
    if BITS == 6 {
        let mask = _mm512_set1_epi8(48);
        for half in 0..2 {
            let bits = load_line(&high[(2 * block + half) * LINE..]);
            let shifted = [
                _mm512_slli_epi16::<4>(bits),
                _mm512_slli_epi16::<2>(bits),
                bits,
                _mm512_srli_epi16::<2>(bits),
            ];
            for line in 0..4 {
                let high = _mm512_and_si512(shifted[line], mask);
                codes[4 * half + line] = _mm512_or_si512(codes[4 * half + line], high);
            }
        }
    }
    codes
}

/// Adds Σ code · activation per row to `halves`: one sum for the first 16 weights of block `block`,
/// one for the last 16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dot(
    codes: &Avx512Codes,
    unit: &RowUnit,
    block: usize,
    mut halves: [__m512i; 2],
) -> [__m512i; 2] {
    assert!(block < 8);
    for line in 0..8 {
        // SAFETY: a unit starts with its 256 codes, which are 64 words including this one, and is
        // aligned to 64 bytes.
        let word = unsafe { (&raw const unit.codes).cast::<i32>().add(8 * block + line).read() };
        let word = _mm512_set1_epi32(word);
        halves[line / 4] = _mm512_dpbusd_epi32(halves[line / 4], codes[line], word);
    }
    halves
}

/// Products with a super-block of 256 weights and integer scales.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn super_block<const BITS: usize>(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
    scratch: &mut StripScratch,
) {
    assert!(sums.reaches(units.len(), ROWS));
    let zero = _mm512_setzero_si512();
    let exact = &mut scratch.exact[..units.len()];
    let scales = &strip.record[strip.layout.scale..];
    for block in 0..8 {
        strip.prefetch_ahead((block, 8), units.len());
        let codes = unpack::<BITS>(&strip, block);
        let scale = |at: usize| {
            let bytes = load_bytes(&scales[at * ROWS..]);
            // Scales of `Q4_K` and `Q5_K` have six bits, so their sign bit is clear.
            _mm512_cvtepi8_epi32(bytes)
        };
        let scale =
            if BITS == 6 { [scale(2 * block), scale(2 * block + 1)] } else { [scale(block); 2] };
        for (unit, exact) in units.iter().zip(exact.iter_mut()) {
            let start = if BITS == 6 { offset_of(unit, block) } else { [zero; 2] };
            let [first, second] = dot(&codes, unit, block, start);
            let mut total = if BITS == 6 {
                let second = _mm512_mullo_epi32(second, scale[1]);
                _mm512_add_epi32(_mm512_mullo_epi32(first, scale[0]), second)
            } else {
                _mm512_mullo_epi32(_mm512_add_epi32(first, second), scale[0])
            };
            // SAFETY: an element of `exact` is 64 bytes long and aligned to 64 bytes.
            unsafe {
                let exact = (&raw mut exact.0).cast::<__m512i>();
                if block > 0 {
                    total = _mm512_add_epi32(total, exact.read());
                }
                exact.write(total);
            }
        }
    }
    let d = load_halves(strip.record);
    let mins = if BITS == 6 { [zero; 4] } else { mins_of(&strip) };
    let dmin = if BITS == 6 { d } else { load_halves(&strip.record[strip.layout.m..]) };
    for (row, (unit, exact)) in units.iter().zip(exact).enumerate() {
        // SAFETY: as above.
        let exact = unsafe { (&raw const exact.0).cast::<__m512i>().read() };
        let scale = _mm512_set1_ps(unit.scale(0));
        // SAFETY: `reaches` holds.
        let mut sum = unsafe { _mm512_loadu_ps(sums.values.as_ptr().add(row * sums.stride)) };
        sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(exact), _mm512_mul_ps(d, scale), sum);
        if BITS != 6 {
            let mut offset = zero;
            for at in 0..4 {
                let pair = _mm512_set1_epi32(unit.words[4 + at]);
                offset = _mm512_dpwssd_epi32(offset, mins[at], pair);
            }
            let offset = _mm512_cvtepi32_ps(offset);
            sum = _mm512_fnmadd_ps(offset, _mm512_mul_ps(dmin, scale), sum);
        }
        // SAFETY: `reaches` holds.
        unsafe { _mm512_storeu_ps(sums.values.as_mut_ptr().add(row * sums.stride), sum) };
    }
}

/// Start values of the integer sums of both halves of block `block`: the zero-point correction of
/// `Q6_K`, -32 · Σ activations. The shifts use ports that are idle during the products; correcting
/// with eight more products per row cost 7 %.
#[inline]
#[target_feature(enable = "avx512f")]
fn offset_of(unit: &RowUnit, block: usize) -> [__m512i; 2] {
    let negated = _mm512_set1_epi32(unit.words[8 + block]);
    [
        _mm512_srai_epi32::<11>(_mm512_slli_epi32::<16>(negated)),
        _mm512_slli_epi32::<5>(_mm512_srai_epi32::<16>(negated)),
    ]
}

/// Integer minima of adjacent sub-blocks as pairs of i16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn mins_of(strip: &Strip<'_>) -> [__m512i; 4] {
    let bytes = &strip.record[strip.layout.min..];
    let mut mins = [_mm512_setzero_si512(); 4];
    for at in 0..4 {
        let first = _mm512_cvtepu8_epi32(load_bytes(&bytes[2 * at * ROWS..]));
        let second = _mm512_cvtepu8_epi32(load_bytes(&bytes[(2 * at + 1) * ROWS..]));
        mins[at] = _mm512_or_si512(first, _mm512_slli_epi32::<16>(second));
    }
    mins
}

/// Products with blocks of 32 weights, each with a scale of its own. `ZERO` is the binary logarithm
/// of the zero point; 0 selects formats with a minimum instead.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn blocks<const BITS: usize, const ZERO: u32>(strip: Strip<'_>, units: &[RowUnit], sums: Sums<'_>) {
    let (layout, zero) = (strip.layout, _mm512_setzero_si512());
    // Checked once here: a check between a load and its use would prevent the compiler from
    // broadcasting from memory.
    assert!(sums.reaches(units.len(), ROWS));
    for block in 0..(layout.weights / 32).min(8) {
        strip.prefetch_ahead((block, layout.weights / 32), units.len());
        let codes = unpack::<BITS>(&strip, block);
        let d = load_halves(&strip.record[2 * block * ROWS..]);
        let min =
            if ZERO == 0 { load_halves(&strip.record[layout.m + 2 * block * ROWS..]) } else { d };
        for (row, unit) in units.iter().enumerate() {
            let [first, second] = dot(&codes, unit, block, [zero; 2]);
            let mut exact = _mm512_add_epi32(first, second);
            let sum_of_codes = _mm512_set1_epi32(unit.words[8 + block]);
            if ZERO > 0 {
                exact = _mm512_sub_epi32(exact, _mm512_slli_epi32::<ZERO>(sum_of_codes));
            }
            let scale = _mm512_set1_ps(unit.scale(block));
            let exact = _mm512_cvtepi32_ps(exact);
            // SAFETY: `reaches` holds.
            let at = unsafe { sums.values.as_mut_ptr().add(row * sums.stride) };
            // SAFETY: `reaches` holds; the load needs no alignment.
            let mut sum = unsafe { _mm512_loadu_ps(at) };
            sum = _mm512_fmadd_ps(exact, _mm512_mul_ps(d, scale), sum);
            if ZERO == 0 {
                let scaled = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(sum_of_codes));
                sum = _mm512_fmadd_ps(min, scaled, sum);
            }
            // SAFETY: `reaches` holds; the store needs no alignment.
            unsafe { _mm512_storeu_ps(at, sum) };
        }
    }
}

/// Products with dense weights: one fused multiply-add per weight, in the order of the inner index.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn dense(strips: &[Strip<'_>], rows: FloatRows<'_>, sums: Sums<'_>) {
    assert!(rows.is_whole() && sums.reaches(rows.count, strips.len() * ROWS));
    for (at, strip) in strips.iter().enumerate() {
        for first in (0..strip.layout.weights).step_by(8) {
            strip.prefetch_ahead((first / 8, strip.layout.weights / 8), rows.count);
            let mut columns = [_mm512_setzero_ps(); 8];
            for k in 0..8 {
                columns[k] = column(strip.format, strip.record, first + k);
            }
            for row in 0..rows.count {
                // SAFETY: `is_whole` holds, and a unit's weights are a multiple of 8.
                let values = unsafe { rows.values.as_ptr().add(row * rows.stride + first) };
                // SAFETY: in bounds by the assertion above.
                let slot = unsafe { sums.values.as_mut_ptr().add(row * sums.stride + at * ROWS) };
                // SAFETY: `slot` is in bounds; the load needs no alignment.
                let mut sum = unsafe { _mm512_loadu_ps(slot) };
                for k in 0..8 {
                    // SAFETY: `values` has eight elements from here on.
                    let value = unsafe { values.add(k).read() };
                    sum = _mm512_fmadd_ps(columns[k], _mm512_set1_ps(value), sum);
                }
                // SAFETY: `slot` is in bounds; the store needs no alignment.
                unsafe { _mm512_storeu_ps(slot, sum) };
            }
        }
    }
}

/// Weight `k` of every row, as f32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn column(format: Format, record: &[u8], k: usize) -> __m512 {
    match format {
        Format::F16 => load_halves(&record[2 * ROWS * k..]),
        Format::Bf16 => {
            let bytes = &record[2 * ROWS * k..2 * ROWS * (k + 1)];
            // SAFETY: the slice has 32 bytes; the load needs no alignment.
            let halves = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves)))
        }
        _ => {
            let bytes = &record[4 * ROWS * k..4 * ROWS * (k + 1)];
            // SAFETY: the slice has 64 bytes; the load needs no alignment.
            unsafe { _mm512_loadu_ps(bytes.as_ptr().cast()) }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_line(bytes: &[u8]) -> __m512i {
    assert!(bytes.len() >= LINE);
    // SAFETY: the slice has 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Loads sixteen f16 as f32.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_halves(bytes: &[u8]) -> __m512 {
    assert!(bytes.len() >= 2 * ROWS);
    // SAFETY: the slice has 32 bytes; the load needs no alignment.
    unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(bytes.as_ptr().cast())) }
}

/// Loads sixteen bytes for a widening instruction.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_bytes(bytes: &[u8]) -> __m128i {
    assert!(bytes.len() >= ROWS);
    // SAFETY: the slice has 16 bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
