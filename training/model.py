"""A whole model: its networks, configurations and tokenizers; opened from a folder, made new, and written."""
import json
import os
import shutil

import numpy as np
import torch
from PIL import Image

from . import byte_pairs, safetensors
from .networks.autoencoder import Autoencoder
from .networks.captioner import Captioner
from .networks.hyper_encoder import HyperEncoder
from .networks.text_encoder import TextEncoder
from .networks.unet import UNet

# Of CLIP's pictures.
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[None, :, None, None]
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711])[None, :, None, None]
MAX_CAPTION = 32

_DIFFUSERS, _TRANSFORMERS = "diffusion_pytorch_model.safetensors", "model.safetensors"
_FILES = {"vae": _DIFFUSERS, "unet": _DIFFUSERS, "hyper_enc": _DIFFUSERS,
          "text_encoder": _TRANSFORMERS, "captioner": _TRANSFORMERS}
# Tensors of a checkpoint that inference never reads, or that only training needs.
_IGNORED = ("conv_in.",)
_TRAINING_STATE = ("embed_avg", "cluster_size")


def _write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def _read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _load(network, path):
    weights = {k: v.float() if v.is_floating_point() else v for k, v in safetensors.load(path).items()}
    weights = {k: v for k, v in weights.items() if not k.startswith(_IGNORED)}
    missing, unexpected = network.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith(_TRAINING_STATE)]
    if missing or unexpected:
        raise ValueError(f"{path}: missing {missing[:3]}, unexpected {unexpected[:3]}")
    if hasattr(network, "quantizer"):
        codebook = network.quantizer._codebook
        codebook.embed_avg.copy_(codebook.embed)
    return network


class Model:
    """The five networks (`networks`), `scheduler` and `perco` as dictionaries, and the two tokenizers."""

    def __init__(self, networks, scheduler, perco, tokenizer_folder, captioner_folder):
        self.networks, self.scheduler, self.perco = networks, scheduler, perco
        self.tokenizer_folder, self.captioner_folder = tokenizer_folder, captioner_folder
        self.words = byte_pairs.ClipTokens(tokenizer_folder)
        self.caption_words = byte_pairs.Gpt2Tokens(captioner_folder)
        self.processor = _read_json(os.path.join(captioner_folder, "preprocessor_config.json"))

    vae = property(lambda self: self.networks["vae"])
    unet = property(lambda self: self.networks["unet"])
    hyper_enc = property(lambda self: self.networks["hyper_enc"])
    text_encoder = property(lambda self: self.networks["text_encoder"])
    captioner = property(lambda self: self.networks["captioner"])

    @staticmethod
    def open(folder, dropout=0.0):
        """Reads a model's folder in the engine's layout, with fp32 parameters."""
        configs = {part: _read_json(os.path.join(folder, part, "config.json")) for part in _FILES}
        local = safetensors.load(os.path.join(folder, "unet", _FILES["unet"]))["conv_in_extended.weight"].shape[1]
        networks = {
            "vae": Autoencoder(configs["vae"]),
            "unet": UNet(configs["unet"], local - configs["unet"]["in_channels"]),
            "hyper_enc": HyperEncoder(configs["hyper_enc"]),
            "text_encoder": TextEncoder(configs["text_encoder"]),
            "captioner": Captioner(configs["captioner"], dropout),
        }
        for part, network in networks.items():
            _load(network, os.path.join(folder, part, _FILES[part]))
        return Model(networks, _read_json(os.path.join(folder, "scheduler", "scheduler_config.json")),
                     _read_json(os.path.join(folder, "perco.json")),
                     os.path.join(folder, "tokenizer"), os.path.join(folder, "captioner"))

    @staticmethod
    def create(settings, captions):
        """A new model with random weights, and tokenizers learnt from the captions."""
        options, folder = settings.model, os.path.join(settings.work, "tokenizers")
        tokenizer, captioner = os.path.join(folder, "tokenizer"), os.path.join(folder, "captioner")
        if not os.path.exists(os.path.join(captioner, "preprocessor_config.json")):
            byte_pairs.make_clip(tokenizer, captions, options.text_vocabulary, options.text_tokens)
            byte_pairs.make_gpt2(captioner, captions, options.caption_vocabulary)
            _write_json(os.path.join(captioner, "preprocessor_config.json"), _processor_config())
        words, caption_words = byte_pairs.ClipTokens(tokenizer), byte_pairs.Gpt2Tokens(captioner)
        torch.manual_seed(settings.seed)
        unet_config = _unet_config(options)
        networks = {
            "vae": Autoencoder(_vae_config(options)),
            "unet": UNet(unet_config, options.hyper),
            "hyper_enc": HyperEncoder(_hyper_config(options)),
            "text_encoder": TextEncoder(_text_config(options, words)),
            "captioner": Captioner(_captioner_config(options, caption_words), settings.captioner.dropout),
        }
        rate = {"bpp": options.bpp, "hyper_enc": "hyper_enc", "unet": "unet"}
        perco = {"captioner": "captioner", "scheduler": "ddim", "rates": [rate]}
        return Model(networks, {}, perco, tokenizer, captioner)

    def renew_captioner(self, settings):
        """A captioner with random weights in place of the one that was started from; its vocabulary stays."""
        torch.manual_seed(settings.seed)
        self.networks["captioner"] = Captioner(
            _captioner_config(settings.model, self.caption_words), settings.captioner.dropout)

    def name(self, settings):
        """Takes the identity and the sampling of the settings."""
        sampling = settings.sampling
        self.perco.update(id=settings.id, name=settings.name, steps=sampling.steps, guidance=sampling.guidance)
        self.scheduler = _scheduler_config(sampling)

    def to(self, device):
        for network in self.networks.values():
            network.to(device)
        return self

    def eval(self):
        for network in self.networks.values():
            network.eval()
        return self

    def pixels(self, image):
        """A PIL picture as the captioner sees it."""
        side = (self.processor["size"]["width"], self.processor["size"]["height"])
        array = np.array(image.convert("RGB").resize(side, Image.BICUBIC))
        return (torch.from_numpy(array).permute(2, 0, 1)[None].float() / 255 - MEAN) / DEVIATION

    def text_ids(self, text):
        return self.words.encode(text, self.text_encoder.config["max_position_embeddings"])

    def write(self, folder):
        """The folder that the engine loads: fp16 weights, configurations, tokenizers, perco.json."""
        os.makedirs(folder, exist_ok=True)
        for part, network in self.networks.items():
            weights = {k: v for k, v in network.state_dict().items() if not k.endswith(_TRAINING_STATE)}
            os.makedirs(os.path.join(folder, part), exist_ok=True)
            safetensors.save(os.path.join(folder, part, _FILES[part]), weights, half=True)
            _write_json(os.path.join(folder, part, "config.json"), network.config)
        _write_json(os.path.join(folder, "scheduler", "scheduler_config.json"), self.scheduler)
        for source, part in ((self.tokenizer_folder, "tokenizer"), (self.captioner_folder, "captioner")):
            os.makedirs(os.path.join(folder, part), exist_ok=True)
            for name in sorted(os.listdir(source)):
                path = os.path.join(folder, part, name)
                if name.endswith((".json", ".txt")) and not os.path.exists(path):
                    shutil.copyfile(os.path.join(source, name), path)
        _write_json(os.path.join(folder, "model_index.json"), {
            "_class_name": "StableDiffusionPipelinePerco", "vae": ["diffusers", "AutoencoderKL"],
            "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["unet_2d_perco", "UNet2DConditionModel"], "scheduler": ["diffusers", "DDIMScheduler"],
            "hyper_enc": ["hyper_encoder", "HyperEncoder"]})
        _write_json(os.path.join(folder, "perco.json"), self.perco)


def _vae_config(o):
    levels = len(o.autoencoder)
    return {"_class_name": "AutoencoderKL", "act_fn": "silu", "block_out_channels": o.autoencoder,
            "down_block_types": ["DownEncoderBlock2D"] * levels, "up_block_types": ["UpDecoderBlock2D"] * levels,
            "in_channels": 3, "out_channels": 3, "latent_channels": o.latent, "norm_num_groups": o.autoencoder_groups,
            "layers_per_block": o.autoencoder_layers, "sample_size": 256, "scaling_factor": 1.0}


def _unet_config(o):
    levels = len(o.unet)
    return {"_class_name": "UNet2DConditionModel", "act_fn": "silu", "attention_head_dim": o.unet_heads,
            "block_out_channels": o.unet, "cross_attention_dim": o.text, "center_input_sample": False,
            "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * (levels - 1),
            "up_block_types": ["CrossAttnUpBlock2D"] * (levels - 1) + ["UpBlock2D"],
            "downsample_padding": 1, "flip_sin_to_cos": True, "freq_shift": 0, "in_channels": o.latent,
            "out_channels": o.latent, "layers_per_block": o.unet_layers, "norm_eps": 1e-05,
            "norm_num_groups": o.unet_groups, "mid_block_type": "UNetMidBlock2DCrossAttn", "mid_block_scale_factor": 1,
            "sample_size": 28, "transformer_layers_per_block": 1, "use_linear_projection": True,
            "upcast_attention": False, "conv_in_kernel": 3, "conv_out_kernel": 3}


def _hyper_config(o):
    return {"_class_name": "HyperEncoder", "M": o.hyper, "N": o.hyper, "cfg_cs": o.codebook, "cfg_ss": 64 // o.stride,
            "codebook_dim": o.codebook_dim, "in_channels": o.latent}


def _text_config(o, words):
    return {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "hidden_act": "gelu",
            "bos_token_id": words.bos, "eos_token_id": words.eos, "pad_token_id": words.pad, "hidden_size": o.text,
            "intermediate_size": 2 * o.text, "layer_norm_eps": 1e-05, "max_position_embeddings": o.text_tokens,
            "num_attention_heads": o.text_heads, "num_hidden_layers": o.text_layers, "projection_dim": 64,
            "vocab_size": len(words.ids)}


def _captioner_config(o, words):
    width, heads = o.captioner, max(1, o.captioner // 32)
    return {"architectures": ["Blip2ForConditionalGeneration"], "model_type": "blip-2",
            "num_query_tokens": o.queries, "use_decoder_only_language_model": True,
            "vision_config": {"model_type": "blip_2_vision_model", "hidden_size": width, "image_size": 224,
                              "intermediate_size": 3 * width, "num_attention_heads": heads,
                              "num_hidden_layers": o.vision_layers, "patch_size": o.vision_patch},
            "qformer_config": {"model_type": "blip_2_qformer", "encoder_hidden_size": width, "hidden_size": width,
                               "intermediate_size": 2 * width, "max_position_embeddings": 32,
                               "num_attention_heads": heads, "num_hidden_layers": 2, "vocab_size": 64},
            "text_config": {"model_type": "opt", "ffn_dim": 3 * width, "hidden_size": width,
                            "max_position_embeddings": 80, "num_attention_heads": heads,
                            "num_hidden_layers": o.caption_layers, "vocab_size": len(words.ids),
                            "word_embed_proj_dim": width, "bos_token_id": words.bos, "eos_token_id": words.eos,
                            "pad_token_id": words.pad}}


def _processor_config():
    return {"image_processor_type": "BlipImageProcessor", "do_convert_rgb": True, "do_normalize": True,
            "do_rescale": True, "do_resize": True, "image_mean": MEAN.flatten().tolist(),
            "image_std": DEVIATION.flatten().tolist(), "resample": 3, "rescale_factor": 1 / 255,
            "size": {"height": 224, "width": 224}}


def _scheduler_config(sampling):
    return {"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
            "beta_schedule": "scaled_linear", "clip_sample": False, "num_train_timesteps": 1000,
            "prediction_type": "v_prediction", "rescale_betas_zero_snr": sampling.zero_terminal_snr,
            "set_alpha_to_one": False, "steps_offset": 1, "timestep_spacing": sampling.spacing,
            "trained_betas": None}
