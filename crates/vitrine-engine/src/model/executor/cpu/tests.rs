//! Tests of a property that is visible inside the executor only: buffers are reused in place.

use super::*;
use crate::model::fixture::TinyDecoder;
use crate::model::gguf::TensorType;
use crate::model::step_input::Wanted;
use vitrine_base::ids::PageId;

impl CpuExecutor {
    /// Addresses and capacities of all buffers.
    fn footprint(&self) -> Vec<(usize, usize)> {
        let of = |buffer: &Vec<f32>| (buffer.as_ptr() as usize, buffer.capacity());
        let DecoderArena { hidden, qkv, mixed, inner, computed, workers, .. } = &self.arena;
        let workers = workers.iter().flat_map(|worker| [&worker.row, &worker.head, &worker.gate]);
        let mut all: Vec<(usize, usize)> =
            [hidden, qkv, mixed, inner, computed].into_iter().chain(workers).map(of).collect();
        all.extend(self.arena.capacities());
        all.extend(self.plan.capacities());
        all
    }

    fn step(&mut self, input: &StepInput) {
        let step = self.begin(input).unwrap();
        let mut rows = self.embed(&step).unwrap();
        for layer in 0..self.shape.layers {
            let query = self.norm_qkv_rope_store(layer, &rows, &step).unwrap();
            let mixed = self.attend(layer, query, &step).unwrap();
            rows = self.out_residual(layer, mixed, rows).unwrap();
            let inner = self.norm_gate_up(layer, &rows).unwrap();
            rows = self.down_residual(layer, inner, rows).unwrap();
        }
        self.head(rows, &step).unwrap();
    }
}

/// A step of `sequences` segments of `tokens` tokens each; single tokens are decoded greedily.
fn input(sequences: u32, tokens: usize) -> StepInput {
    let mut input = StepInput::default();
    for index in 0..sequences {
        let pages: Vec<PageId> = (index * 2..index * 2 + 2).map(PageId).collect();
        let wanted = if tokens == 1 { Wanted::Likeliest } else { Wanted::Last };
        input.push(&vec![5; tokens], 0, &pages, wanted);
    }
    input
}

#[test]
fn steps_after_the_largest_keep_every_buffer_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    let decoder = TinyDecoder { matrix_type: TensorType::Q8_0, ..TinyDecoder::default() };
    decoder.write(&path);
    let file = GgufFile::open(&path).unwrap();
    let shape = DecoderShape::from_metadata(file.metadata()).unwrap();
    let mut executor = CpuExecutor::load(&file, &shape, &DecoderOptions::for_tests()).unwrap();
    executor.step(&input(16, 20));
    executor.step(&input(16, 1));
    let footprint = executor.footprint();
    for (sequences, tokens) in [(16, 20), (1, 1), (16, 1), (4, 30), (16, 20)] {
        executor.step(&input(sequences, tokens));
        assert_eq!(executor.footprint(), footprint, "{sequences} × {tokens}");
    }
}
