"""Fine-tuning, adapters and the hyper-parameters of the papers."""
