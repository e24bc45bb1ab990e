//! How close do the matrix products come to this machine's peak? Load: projections of three models.
//!
//! `cargo bench --bench kernels [-- [--threads N] [--tier NAME] [TYPE …]]` prints, for each weight
//! type, shape and number of rows, GOP/s (two operations per weight and row) and GB/s of packed
//! weights. Each is also given as a share of a peak measured in the same run: byte products in
//! registers, and reads of a buffer far larger than the caches. A measurement cycles through copies
//! of the matrix that together exceed the caches, as in a model. Times are CPU time of the threads,
//! and the best of several repeats counts, because other programs can only make a repeat slower.

#![expect(unsafe_code, reason = "the peak loops use vector instructions")]

use std::io::Write;
use std::ops::Range;
use vitrine_kernels::matmul::MatmulRows;
use vitrine_kernels::matmul::MatmulScratch;
use vitrine_kernels::matmul::PackedMatrix;
use vitrine_kernels::matmul::QuantizedRows;
use vitrine_kernels::matmul::RowForm;
use vitrine_kernels::matmul::WeightType;
use vitrine_kernels::matmul::matmul;
use vitrine_kernels::tier::Tier;

/// Weights in all copies of a matrix together; in every type more than the last-level cache holds.
const WEIGHTS: usize = 128 << 20;

/// Size of the buffer that the read loop reads, in bytes.
const READ_BYTES: usize = 256 << 20;

/// Repeats of a measurement; the fastest counts.
const REPEATS: usize = 7;

/// Shortest CPU time of a thread in one repeat, in seconds.
const REPEAT_SECONDS: f64 = 0.02;

/// (model, projection, rows of the matrix, columns).
const SHAPES: [(&str, &str, usize, usize); 6] = [
    ("qwen3-0.6b", "gate", 3072, 1024),
    ("qwen3-0.6b", "down", 1024, 3072),
    ("qwen2.5-0.5b", "query", 896, 896),
    ("qwen2.5-0.5b", "gate", 4864, 896),
    ("drafter", "gate", 768, 256),
    ("drafter", "head", 32_000, 256),
];

const ROWS: [usize; 6] = [1, 2, 4, 8, 32, 64];

const TYPES: [(&str, WeightType); 9] = [
    ("Q8_0", WeightType::Q8_0),
    ("Q4_K", WeightType::Q4K),
    ("Q6_K", WeightType::Q6K),
    ("Q5_0", WeightType::Q5_0),
    ("Q4_0", WeightType::Q4_0),
    ("Q5_K", WeightType::Q5K),
    ("F16", WeightType::F16),
    ("BF16", WeightType::Bf16),
    ("F32", WeightType::F32),
];

struct Options {
    threads: usize,
    tier: Tier,
    types: Vec<String>,
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let cores = std::thread::available_parallelism()?.get();
    let mut options = Options { threads: cores, tier: Tier::detect(), types: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--threads" => options.threads = arguments.next().ok_or("--threads N")?.parse()?,
            "--tier" => options.tier = Tier::parse(&arguments.next().ok_or("--tier NAME")?)?,
            name => options.types.push(name.to_owned()),
        }
    }
    Ok(options)
}

/// CPU time of this thread in seconds; time taken by other programs does not count.
fn thread_cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock id exists on Linux, and `time` is valid for writes.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the system has no clock of thread CPU time");
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// CPU seconds per call of `work(thread)` on the slowest thread, in the fastest repeat.
fn best(threads: usize, work: impl Fn(usize) + Sync) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let seconds = std::thread::scope(|scope| {
            let timed = |thread: usize| {
                let started = thread_cpu_seconds();
                let mut calls = 0_u32;
                while calls == 0 || thread_cpu_seconds() - started < REPEAT_SECONDS {
                    work(thread);
                    calls += 1;
                }
                (thread_cpu_seconds() - started) / f64::from(calls)
            };
            let others: Vec<_> =
                (1..threads).map(|thread| scope.spawn(move || timed(thread))).collect();
            let own = timed(0);
            others.into_iter().map(|other| other.join().unwrap_or(f64::NAN)).fold(own, f64::max)
        });
        best = best.min(seconds);
    }
    best
}

/// Peak GOP/s of byte products in registers, without memory access. Uses the tier's dot product if
/// it has one, otherwise AVX2's byte multiplication without the additions that follow it in a
/// kernel, and on other tiers a scalar loop.
fn dot_peak(threads: usize, tier: Tier) -> f64 {
    const STEPS: usize = 1 << 16;
    #[cfg(target_arch = "x86_64")]
    if tier >= Tier::Avx2 {
        use std::arch::x86_64::*;
        #[target_feature(enable = "avx2")]
        fn bytes() -> i32 {
            let factor = std::hint::black_box(_mm256_set1_epi8(1));
            let mut sums = [factor; 8];
            for _ in 0..STEPS {
                // Each product is the next factor, so the compiler cannot hoist it out of the loop.
                for sum in &mut sums {
                    *sum = _mm256_maddubs_epi16(*sum, factor);
                }
            }
            let sum = sums.into_iter().fold(factor, |a, b| _mm256_add_epi16(a, b));
            _mm256_extract_epi32::<0>(sum)
        }
        #[target_feature(enable = "avx512f,avx512vnni")]
        fn dots() -> i32 {
            let factor = std::hint::black_box(_mm512_set1_epi8(1));
            let mut sums = [factor; 12];
            for _ in 0..STEPS {
                for sum in &mut sums {
                    *sum = _mm512_dpbusd_epi32(*sum, factor, factor);
                }
            }
            let sum = sums.into_iter().fold(factor, |a, b| _mm512_add_epi32(a, b));
            _mm512_cvtsi512_si32(sum)
        }
        let wide = tier == Tier::Avx512Vnni;
        let seconds = best(threads, |_| {
            // SAFETY: `Tier::parse` and `Tier::detect` return only tiers that this machine
            // supports.
            std::hint::black_box(unsafe { if wide { dots() } else { bytes() } });
        });
        let operations = if wide { 12 * 128 } else { 8 * 64 };
        return (threads * STEPS * operations) as f64 / seconds / 1e9;
    }
    let _ = tier;
    let seconds = best(threads, |_| {
        let mut sums = [1_i32; 16];
        for _ in 0..STEPS {
            sums.iter_mut().for_each(|sum| *sum = sum.wrapping_mul(3).wrapping_add(1));
        }
        std::hint::black_box(sums);
    });
    (threads * STEPS * 16 * 2) as f64 / seconds / 1e9
}

/// Peak GB/s of reads; each thread reads its own share of `buffer`.
fn read_peak(threads: usize, buffer: &[u64]) -> f64 {
    let share = buffer.len() / threads;
    let seconds = best(threads, |thread| {
        let words = &buffer[thread * share..(thread + 1) * share];
        let mut sums = [0_u64; 8];
        for eight in words.chunks_exact(8) {
            for (sum, word) in sums.iter_mut().zip(eight) {
                *sum ^= word;
            }
        }
        std::hint::black_box(sums);
    });
    (share * threads * 8) as f64 / seconds / 1e9
}

/// Bytes of `count` weights in the file format: pseudo-random codes and small scales.
fn weights(weight_type: WeightType, count: usize) -> Vec<u8> {
    let (unit, unit_bytes) = weight_type.unit();
    let mut state = 1_u64;
    (0..count / unit * unit_bytes)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Any two bytes below 0x28 form an f16 below 0.04, so scales are small at any offset.
            (state >> 58) as u8 & 0x27
        })
        .collect()
}

struct Measured {
    gops: f64,
    gigabytes: f64,
}

fn measure(
    matrix: &PackedMatrix,
    rows: MatmulRows<'_>,
    count: usize,
    [n, threads]: [usize; 2],
) -> Measured {
    let panels = n / matrix.panel_rows();
    let copies = matrix.panel_count() / panels;
    let shares: Vec<Range<usize>> =
        (0..threads).map(|at| panels * at / threads..panels * (at + 1) / threads).collect();
    let next: Vec<_> = (0..threads).map(|_| std::sync::atomic::AtomicUsize::new(0)).collect();
    let scratches: Vec<_> =
        (0..threads).map(|_| std::sync::Mutex::new(MatmulScratch::default())).collect();
    let seconds = best(threads, |thread| {
        let copy = next[thread].fetch_add(1, std::sync::atomic::Ordering::Relaxed) % copies;
        let share = &shares[thread];
        let panels = copy * panels + share.start..copy * panels + share.end;
        let mut scratch = scratches[thread].lock().unwrap_or_else(|broken| broken.into_inner());
        matmul(matrix, rows, panels, &mut scratch, &mut |_, _, sums| {
            std::hint::black_box(sums);
        });
    });
    let share = n as f64 / matrix.rows() as f64;
    Measured {
        gops: 2.0 * (n * matrix.columns() * count) as f64 / seconds / 1e9,
        gigabytes: matrix.bytes() as f64 * share / seconds / 1e9,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let threads = options.threads;
    let mut out = std::io::stdout().lock();
    let buffer = vec![1_u64; READ_BYTES / 8];
    writeln!(out, "tier {}, {threads} threads", options.tier.name())?;
    writeln!(
        out,
        "{:5} {:13} {:6} {:>12} {:>5} {:>8} {:>6} {:>7} {:>6}",
        "type", "model", "matrix", "shape", "rows", "GOP/s", "share", "GB/s", "share"
    )?;
    for (name, weight_type) in TYPES {
        if !options.types.is_empty() && !options.types.iter().any(|wanted| wanted == name) {
            continue;
        }
        for (model, projection, n, k) in SHAPES {
            if k % weight_type.unit().0 != 0 {
                continue;
            }
            let copies = (WEIGHTS / (n * k)).max(1);
            let bytes = weights(weight_type, copies * n * k);
            let matrix = PackedMatrix::pack(weight_type, &bytes, [copies * n, k], options.tier)?;
            drop(bytes);
            let (dot, read) = (dot_peak(threads, options.tier), read_peak(threads, &buffer));
            for count in ROWS {
                let values: Vec<f32> = (0..count * k).map(|at| (at % 255) as f32 - 127.0).collect();
                let mut quantized = QuantizedRows::with_room(count, k, options.tier);
                let rows = if matrix.row_form() == RowForm::Float {
                    MatmulRows::Float(&values)
                } else {
                    quantized.reshape(matrix.row_form(), count, k);
                    quantized.quantize(&values);
                    MatmulRows::Quantized(&quantized)
                };
                let Measured { gops, gigabytes } = measure(&matrix, rows, count, [n, threads]);
                writeln!(
                    out,
                    "{name:5} {model:13} {projection:6} {:>12} {count:5} {gops:8.1} {:5.1}% \
                     {gigabytes:7.2} {:5.1}%",
                    format!("{n}x{k}"),
                    100.0 * gops / dot,
                    100.0 * gigabytes / read,
                )?;
            }
            writeln!(out, "      loops: {dot:.0} GOP/s in registers, {read:.1} GB/s read")?;
        }
    }
    Ok(())
}
