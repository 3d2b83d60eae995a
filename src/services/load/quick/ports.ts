/** Where servers of models usually answer on a machine, the commonest first. */
export const USUAL_PORTS: readonly { readonly port: number; readonly of: string }[] = [
  { port: 11434, of: 'Ollama' },
  { port: 8000, of: 'vLLM, TensorRT-LLM' },
  { port: 8080, of: 'llama-server, TGI' },
  { port: 1234, of: 'LM Studio' },
  { port: 4000, of: 'LiteLLM' },
  { port: 30000, of: 'SGLang' },
  { port: 8001, of: 'the chain' },
  { port: 8002, of: 'B of the chain' },
  { port: 9931, of: 'mistral.rs, llamafile' },
  { port: 5000, of: 'text-generation-webui' },
  { port: 1337, of: 'Jan' },
  { port: 23333, of: 'LMDeploy' },
];
