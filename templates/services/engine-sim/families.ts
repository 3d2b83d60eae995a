/** What is the same for the models of a family: facts that their files state, in round figures. */
export interface Family {
  readonly architecture: string;
  readonly parameterSize: string;
  readonly parameterCount: number;
  readonly quantization: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Tokens with which it was trained: no runner has a longer context. */
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly blockCount: number;
  readonly feedForwardLength: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Of one head. */
  readonly keyLength: number;
  readonly vocabulary: number;
  /** A family that sees, in a file without the part that does. */
  readonly refusesImages: boolean;
  /** What its file says beyond the common. */
  readonly more: Readonly<Record<string, unknown>>;
}

const PHI3: Family = {
  architecture: 'phi3',
  parameterSize: '3.8B',
  parameterCount: 3_821_079_648,
  quantization: 'Q4_0',
  size: 2_176_178_913,
  contextLength: 131_072,
  embeddingLength: 3072,
  blockCount: 32,
  feedForwardLength: 8192,
  heads: 32,
  keyValueHeads: 32,
  keyLength: 96,
  vocabulary: 32_064,
  refusesImages: false,
  more: {},
};

const LLAMA: Family = {
  architecture: 'llama',
  parameterSize: '1.1B',
  parameterCount: 1_100_048_384,
  quantization: 'Q4_0',
  size: 637_700_138,
  // TinyLlama was trained with 2048; other models of the family with more.
  contextLength: 131_072,
  embeddingLength: 2048,
  blockCount: 22,
  feedForwardLength: 5632,
  heads: 32,
  keyValueHeads: 4,
  keyLength: 64,
  vocabulary: 32_000,
  refusesImages: false,
  more: {},
};

const GEMMA3: Family = {
  architecture: 'gemma3',
  parameterSize: '268.10M',
  parameterCount: 268_098_176,
  quantization: 'Q4_K_M',
  size: 253_113_385,
  contextLength: 32_768,
  embeddingLength: 640,
  blockCount: 18,
  feedForwardLength: 2048,
  heads: 4,
  keyValueHeads: 1,
  keyLength: 256,
  vocabulary: 262_144,
  refusesImages: true,
  more: {
    'gemma3.attention.sliding_window': 512,
    'general.basename': 'gemma-3',
    'general.license': 'gemma',
    'general.size_label': '270M',
    'general.tags': null,
  },
};

/** By the beginning of the name; what is not known is a llama. */
export function familyOf(name: string): Family {
  const model = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  if (model.startsWith('phi3')) return PHI3;
  return model.startsWith('gemma3') ? GEMMA3 : LLAMA;
}

/** Lists of a file, which are told only where they are asked for; here they are short. */
const LISTS: Readonly<Record<string, unknown>> = {
  'general.tags': ['text'],
  'tokenizer.ggml.scores': [0, 0],
  'tokenizer.ggml.token_type': [3, 3],
  'tokenizer.ggml.tokens': ['<pad>', '<eos>'],
};

/** `model_info` of `/api/show`: what the model's file says of itself. */
export function modelInfo(family: Family, verbose: boolean): Record<string, unknown> {
  const { architecture: name } = family;
  const info = {
    [`${name}.attention.head_count`]: family.heads,
    [`${name}.attention.head_count_kv`]: family.keyValueHeads,
    [`${name}.attention.key_length`]: family.keyLength,
    [`${name}.attention.layer_norm_rms_epsilon`]: 0.000001,
    [`${name}.attention.value_length`]: family.keyLength,
    [`${name}.block_count`]: family.blockCount,
    [`${name}.context_length`]: family.contextLength,
    [`${name}.embedding_length`]: family.embeddingLength,
    [`${name}.feed_forward_length`]: family.feedForwardLength,
    [`${name}.rope.freq_base`]: 1_000_000,
    'general.architecture': name,
    'general.file_type': 15,
    'general.parameter_count': family.parameterCount,
    'general.quantization_version': 2,
    'general.type': 'model',
    'tokenizer.ggml.add_bos_token': true,
    'tokenizer.ggml.add_eos_token': false,
    'tokenizer.ggml.add_sep_token': false,
    'tokenizer.ggml.add_space_prefix': false,
    'tokenizer.ggml.bos_token_id': 2,
    'tokenizer.ggml.eos_token_id': 1,
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.padding_token_id': 0,
    'tokenizer.ggml.pre': 'default',
    'tokenizer.ggml.scores': null,
    'tokenizer.ggml.token_type': null,
    'tokenizer.ggml.tokens': null,
    'tokenizer.ggml.unknown_token_id': 3,
    ...family.more,
  };
  // Go writes the keys of a map in their order.
  const entries = Object.entries(info).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, verbose && value === null ? LISTS[key] : value]));
}

/** `tensors` of `/api/show`. */
export function tensors(family: Family): { name: string; type: string; shape: number[] }[] {
  const { embeddingLength: width, feedForwardLength: inner, keyLength } = family;
  const tensor = (name: string, ...shape: number[]) => ({
    name: `${name}.weight`,
    type: shape.length === 1 ? 'F32' : 'Q4_0',
    shape,
  });
  const block = (n: number) => [
    tensor(`blk.${n}.attn_k`, width, family.keyValueHeads * keyLength),
    tensor(`blk.${n}.attn_norm`, width),
    tensor(`blk.${n}.attn_output`, family.heads * keyLength, width),
    tensor(`blk.${n}.attn_q`, width, family.heads * keyLength),
    tensor(`blk.${n}.attn_v`, width, family.keyValueHeads * keyLength),
    tensor(`blk.${n}.ffn_down`, inner, width),
    tensor(`blk.${n}.ffn_gate`, width, inner),
    tensor(`blk.${n}.ffn_norm`, width),
    tensor(`blk.${n}.ffn_up`, width, inner),
  ];
  return [
    tensor('output_norm', width),
    tensor('token_embd', width, family.vocabulary),
    ...Array.from({ length: family.blockCount }, (_, n) => block(n)).flat(),
  ];
}
