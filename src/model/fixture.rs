//! Test support: a GGUF writer and a tiny random Llama, so that tests need no downloaded model.

use crate::model::gguf::TensorType;

/// Alignment of tensors in written files.
const ALIGNMENT: usize = 32;

/// Builds a GGUF file in memory.
#[derive(Debug, Default)]
pub(crate) struct GgufWriter {
    entries: Vec<u8>,
    entry_count: u64,
    table: Vec<u8>,
    tensor_count: u64,
    tensor_bytes: Vec<u8>,
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

impl GgufWriter {
    fn key(&mut self, key: &str, type_code: u32) {
        put_text(&mut self.entries, key);
        self.entries.extend(type_code.to_le_bytes());
        self.entry_count += 1;
    }

    pub(crate) fn unsigned(mut self, key: &str, value: u32) -> Self {
        self.key(key, 4);
        self.entries.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn float(mut self, key: &str, value: f32) -> Self {
        self.key(key, 6);
        self.entries.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key, 8);
        put_text(&mut self.entries, value);
        self
    }

    pub(crate) fn texts(mut self, key: &str, values: &[String]) -> Self {
        self.key(key, 9);
        self.entries.extend(8_u32.to_le_bytes());
        self.entries.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_text(&mut self.entries, value);
        }
        self
    }

    pub(crate) fn floats(mut self, key: &str, values: &[f32]) -> Self {
        self.key(key, 9);
        self.entries.extend(6_u32.to_le_bytes());
        self.entries.extend((values.len() as u64).to_le_bytes());
        self.entries.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    pub(crate) fn integers(mut self, key: &str, values: &[i32]) -> Self {
        self.key(key, 9);
        self.entries.extend(5_u32.to_le_bytes());
        self.entries.extend((values.len() as u64).to_le_bytes());
        self.entries.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    /// Adds a tensor; `dims` outermost first.
    pub(crate) fn tensor(
        mut self,
        name: &str,
        dims: &[usize],
        tensor_type: TensorType,
        bytes: &[u8],
    ) -> Self {
        put_text(&mut self.table, name);
        self.table.extend(u32::try_from(dims.len()).unwrap().to_le_bytes());
        for &dim in dims.iter().rev() {
            self.table.extend((dim as u64).to_le_bytes());
        }
        self.table.extend(tensor_type.code().to_le_bytes());
        self.table.extend((self.tensor_bytes.len() as u64).to_le_bytes());
        self.tensor_bytes.extend(bytes);
        self.tensor_bytes.resize(self.tensor_bytes.len().next_multiple_of(ALIGNMENT), 0);
        self.tensor_count += 1;
        self
    }

    /// The whole file.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend(self.tensor_count.to_le_bytes());
        out.extend(self.entry_count.to_le_bytes());
        out.extend(self.entries);
        out.extend(self.table);
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
        out.extend(self.tensor_bytes);
        out
    }
}

/// A random decoder to write: its family and the type of its matrices.
#[derive(Debug, Clone)]
pub(crate) struct TinyDecoder {
    pub(crate) family: &'static str,
    pub(crate) matrix_type: TensorType,
    pub(crate) width: usize,
    pub(crate) seed: u64,
}

/// Layers of a [`TinyDecoder`].
pub(crate) const TINY_LAYERS: usize = 2;
/// Vocabulary of a [`TinyDecoder`]: three control tokens, all bytes, the letters and some words.
pub(crate) const TINY_WORDS: [&str; 5] = ["▁", "▁t", "▁th", "he", "▁the"];

impl Default for TinyDecoder {
    fn default() -> Self {
        Self { family: "llama", matrix_type: TensorType::F32, width: 64, seed: 1 }
    }
}

impl TinyDecoder {
    /// The file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.add_tensors(self.add_header(GgufWriter::default())).finish()
    }

    /// Writes the file to `path`.
    pub(crate) fn write(&self, path: &std::path::Path) {
        std::fs::write(path, self.bytes()).unwrap();
    }

    fn vocabulary() -> (Vec<String>, Vec<f32>, Vec<i32>) {
        let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).to_vec();
        let mut types = vec![2, 3, 3];
        for byte in 0..=255_u8 {
            tokens.push(format!("<0x{byte:02X}>"));
            types.push(6);
        }
        let mut scores = vec![0.0; tokens.len()];
        let letters = ('a'..='z').map(String::from);
        for piece in TINY_WORDS.map(str::to_owned).into_iter().chain(letters) {
            scores.push(-(tokens.len() as f32));
            tokens.push(piece);
            types.push(1);
        }
        (tokens, scores, types)
    }

    fn add_header(&self, writer: GgufWriter) -> GgufWriter {
        let (tokens, scores, types) = Self::vocabulary();
        let family = self.family;
        let number = |value: usize| u32::try_from(value).unwrap();
        writer
            .text("general.architecture", family)
            .text("general.name", "tiny")
            .unsigned(&format!("{family}.block_count"), number(TINY_LAYERS))
            .unsigned(&format!("{family}.context_length"), 512)
            .unsigned(&format!("{family}.embedding_length"), number(self.width))
            .unsigned(&format!("{family}.feed_forward_length"), number(self.width * 2))
            .unsigned(&format!("{family}.attention.head_count"), 4)
            .unsigned(&format!("{family}.attention.head_count_kv"), 2)
            .float(&format!("{family}.attention.layer_norm_rms_epsilon"), 1e-5)
            .text("tokenizer.ggml.model", "llama")
            .texts("tokenizer.ggml.tokens", &tokens)
            .floats("tokenizer.ggml.scores", &scores)
            .integers("tokenizer.ggml.token_type", &types)
            .unsigned("tokenizer.ggml.bos_token_id", 1)
            .unsigned("tokenizer.ggml.eos_token_id", 2)
    }

    fn add_tensors(&self, mut writer: GgufWriter) -> GgufWriter {
        let (width, head_width) = (self.width, self.width / 4);
        let vocabulary = Self::vocabulary().0.len();
        let mut random = Random(self.seed);
        let mut matrices = vec![("token_embd".to_owned(), vocabulary, width)];
        let mut gains = vec![("output_norm".to_owned(), width)];
        let mut biases = Vec::new();
        for layer in 0..TINY_LAYERS {
            let name = |part: &str| format!("blk.{layer}.{part}");
            matrices.extend([
                (name("attn_q"), width, width),
                (name("attn_k"), width / 2, width),
                (name("attn_v"), width / 2, width),
                (name("attn_output"), width, width),
                (name("ffn_gate"), width * 2, width),
                (name("ffn_up"), width * 2, width),
                (name("ffn_down"), width, width * 2),
            ]);
            gains.extend([(name("attn_norm"), width), (name("ffn_norm"), width)]);
            if self.family == "qwen3" {
                gains
                    .extend([(name("attn_q_norm"), head_width), (name("attn_k_norm"), head_width)]);
            }
            if self.family == "qwen2" {
                biases.extend([(name("attn_q"), width), (name("attn_k"), width / 2)]);
                biases.push((name("attn_v"), width / 2));
            }
        }
        for (name, rows, columns) in matrices {
            let scale = if name == "token_embd" { 1.0 } else { 2.0 / (columns as f32).sqrt() };
            let values = random.floats(rows * columns, scale);
            let bytes = encode(&values, columns, self.matrix_type);
            writer = writer.tensor(
                &format!("{name}.weight"),
                &[rows, columns],
                self.matrix_type,
                &bytes,
            );
        }
        for (name, width) in gains {
            let values: Vec<f32> = random.floats(width, 0.1).iter().map(|x| 1.0 + x).collect();
            let bytes = encode(&values, width, TensorType::F32);
            writer = writer.tensor(&format!("{name}.weight"), &[width], TensorType::F32, &bytes);
        }
        for (name, width) in biases {
            let bytes = encode(&random.floats(width, 0.5), width, TensorType::F32);
            writer = writer.tensor(&format!("{name}.bias"), &[width], TensorType::F32, &bytes);
        }
        writer
    }
}

/// A linear congruential generator: enough for weights.
struct Random(u64);

impl Random {
    fn floats(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count)
            .map(|_| {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((self.0 >> 40) as f32 / 8_388_608.0 - 1.0) * scale
            })
            .collect()
    }
}

fn encode(values: &[f32], columns: usize, tensor_type: TensorType) -> Vec<u8> {
    let library_type = crate::model::executor::library_type(tensor_type).unwrap();
    let tensor = candle_core::Tensor::from_slice(
        values,
        (values.len() / columns, columns),
        &candle_core::Device::Cpu,
    )
    .unwrap();
    let quantized = candle_core::quantized::QTensor::quantize(&tensor, library_type).unwrap();
    quantized.data().unwrap().to_vec()
}
