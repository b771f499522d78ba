"""Train the tiny Whisper in `tests/models/tiny-whisper`, which knows the sentences of one file.

    python -m tests.models.train_tiny_whisper --work /tmp/tiny-whisper

It is a real Whisper in every part but size: espeak-ng speaks the sentences, a 1.5 M parameter
`WhisperForConditionalGeneration` learns them in five stages, and CTranslate2 converts it to int8,
so that faster-whisper loads it as it loads any model. Stage one hears 10 s windows, placed anywhere
on the 30 s axis; stage two hears what faster-whisper gives a model, 30 s windows whose end is
padding. Two cross-attention heads are taught to look at the word being written, which makes
training fast. Stages three to five repeat one and two with the heads taught to look at the whole
word, which gives `word_timestamps=True` its times, and with blurred timestamps.
"""

from __future__ import annotations

import argparse
import copy
import logging
import random
import time
import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from tests.models.espeak_clips import SAMPLE_RATE_HZ, Espeak
from tests.models.training_windows import (
    ENCODER_STEP_S,
    IGNORED,
    N_MELS,
    N_POSITIONS,
    Composer,
    Stage,
    build_tokenizer,
    collate,
    load_clips,
    token_id,
)

HERE = Path(__file__).resolve().parent
SEED = 20
FULL_WINDOW_S = 30.0
MAX_TARGETS = 448
ALIGNMENT_HEADS = [[1, 0], [1, 1]]
"""Decoder layer and head, for the heads that are taught to follow the words."""
TIME_WEIGHT = 0.4
TIME_BLUR = 3.0
"""Encoder positions, as a standard deviation, by which a timestamp may be off in refined stages."""
LEAST_SPREAD = 9
"""Encoder positions over which the attention for even the shortest word is spread."""
ANSWER = (0, 1, 4, 5)
"""The sentences of the committed recording."""

log = logging.getLogger("train_tiny_whisper")

STAGES = (
    Stage("one", 10.0, 3, 16, 1500, 3e-3, 0.3, 0.0, False),
    Stage("two", FULL_WINDOW_S, 7, 8, 700, 1e-3, 0.2, 0.25, False),
    Stage("three", 10.0, 3, 16, 400, 2e-3, 0.2, 0.0, True),
    Stage("four", FULL_WINDOW_S, 7, 8, 400, 1e-3, 0.2, 0.25, True),
    Stage("five", FULL_WINDOW_S, 7, 8, 500, 1e-3, 0.2, 0.25, True),
)


# Model


def sinusoids(length: int, width: int) -> torch.Tensor:
    """Whisper's encoder positions, shape `(length, width)`."""
    scale = -np.log(10_000) / (width // 2 - 1)
    angles = torch.arange(length)[:, None] * torch.exp(scale * torch.arange(width // 2))[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def build_model(tokenizer: Tokenizer) -> WhisperForConditionalGeneration:
    """A Whisper of two layers and two, untrained."""
    end = token_id(tokenizer, "<|endoftext|>")
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(),
        num_mel_bins=N_MELS,
        d_model=128,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=512,
        decoder_ffn_dim=512,
        max_source_positions=N_POSITIONS,
        max_target_positions=MAX_TARGETS,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=token_id(tokenizer, "<|startoftranscript|>"),
        begin_suppress_tokens=[token_id(tokenizer, "Ġ"), end],
        attn_implementation="sdpa",
    )
    model = WhisperForConditionalGeneration(config)
    # Neighbouring timestamps start out alike, so that each need not be learned by itself.
    first = token_id(tokenizer, "<|0.00|>")
    with torch.no_grad():
        model.model.decoder.embed_tokens.weight[first:] = 0.05 * sinusoids(
            N_POSITIONS + 1, config.d_model
        )
    return model


class Trainee:
    """The model with what training needs around it: movable positions, visible attention."""

    def __init__(self, model: WhisperForConditionalGeneration, first_time_id: int) -> None:
        self.model = model
        self._attention: list[torch.Tensor] = []
        self._table = sinusoids(N_POSITIONS, model.config.d_model)
        self._first_time_id = first_time_id
        cross = model.model.decoder.layers[ALIGNMENT_HEADS[0][0]].encoder_attn
        cross.config = copy.copy(model.config)
        cross.config._attn_implementation = "eager"
        cross.register_forward_hook(lambda _module, _args, out: self._attention.append(out[1]))

    def listen_to(self, window_s: float, offset: int = 0) -> None:
        """Take windows of this length, which start at this encoder position."""
        length = round(window_s / ENCODER_STEP_S)
        encoder = self.model.model.encoder
        encoder.config.max_source_positions = length
        encoder.embed_positions.weight.data = self._table[offset : offset + length].clone()
        encoder.embed_positions.num_embeddings = length

    def losses(
        self, batch: dict[str, torch.Tensor], refined: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross-entropy of the text, and of the taught heads against the words' positions."""
        self._attention.clear()
        logits = self.model(
            input_features=batch["features"], decoder_input_ids=batch["inputs"], use_cache=False
        ).logits
        known = batch["targets"] != IGNORED
        text = self._text_loss(logits[known], batch["targets"][known], refined)
        taught = batch["spans"][..., 0] >= 0
        if not taught.any():
            return text, torch.zeros(())
        heads = self._attention[0][:, [head for _, head in ALIGNMENT_HEADS]]
        heads = heads.transpose(1, 2)[taught]
        loss = spread_loss if refined else inside_loss
        return text, loss(heads, batch["spans"][taught])

    def _text_loss(
        self, logits: torch.Tensor, targets: torch.Tensor, refined: bool
    ) -> torch.Tensor:
        """Cross-entropy in which timestamps, rarely exact, weigh less or are blurred."""
        steps = targets - self._first_time_id
        is_time = steps >= 0
        exact = functional.cross_entropy(logits, targets, reduction="none")
        if not refined:
            weights = torch.where(is_time, TIME_WEIGHT, 1.0)
            return (exact * weights).sum() / weights.sum()
        distance = torch.arange(N_POSITIONS + 1) - steps[is_time][:, None]
        wanted = torch.softmax(-0.5 * (distance / TIME_BLUR) ** 2, dim=1)
        found = logits[is_time].log_softmax(-1)[:, self._first_time_id :]
        blurred = -(wanted * found).sum(-1)
        return (exact[~is_time].sum() + blurred.sum()) / len(targets)


def inside_loss(heads: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """Look anywhere inside the word. Attention has shape `(n, heads, positions)`."""
    place = torch.arange(heads.shape[-1])
    inside = (place >= spans[:, :1] - 1) & (place < spans[:, 1:] + 1)
    return -((heads * inside[:, None]).sum(-1) + 1e-4).log().mean()


def spread_loss(heads: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """Look at all of the word: a peak of a position or two is lost in CTranslate2's median filter
    of seven, and the word's time with it.
    """
    place = torch.arange(heads.shape[-1])
    middle = spans.mean(dim=1, keepdim=True)
    half = ((spans[:, 1:] - spans[:, :1]) / 2 + 1).clamp(min=LEAST_SPREAD / 2)
    inside = ((place - middle).abs() <= half).float()
    inside = inside / inside.sum(dim=1, keepdim=True)
    return -((heads + 1e-6).log() * inside[:, None]).sum(-1).mean()


# Training


def train_stage(stage: Stage, trainee: Trainee, composer: Composer, work: Path, end: int) -> None:
    """Train for one stage, and leave the model ready for full windows."""
    parameters = [p for p in trainee.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=stage.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, stage.learning_rate, total_steps=stage.steps, pct_start=0.1
    )
    span = N_POSITIONS - round(stage.window_s / ENCODER_STEP_S)
    placement = random.Random(SEED)  # noqa: S311
    trainee.model.train()
    started, sums = time.monotonic(), [0.0, 0.0]
    for step in range(1, stage.steps + 1):
        offset = 0 if placement.random() < 0.3 else placement.randint(0, span)
        trainee.listen_to(stage.window_s, offset)
        batch = collate([composer.example(stage, offset) for _ in range(stage.batch)], end)
        text, attention = trainee.losses(batch, stage.refined)
        optimiser.zero_grad()
        (text + stage.attention_weight * attention).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        sums = [sums[0] + text.item(), sums[1] + attention.item()]
        if step % 25 == 0:
            text_loss, attention_loss = (s / 25 for s in sums)
            spent_s = time.monotonic() - started
            message = "stage %s step %d: text %.3f attention %.3f, %.0f s"
            log.info(message, stage.name, step, text_loss, attention_loss, spent_s)
            sums = [0.0, 0.0]
        if step % 100 == 0 or step == stage.steps:
            torch.save(trainee.model.state_dict(), work / f"stage-{stage.name}.pt")
    trainee.listen_to(FULL_WINDOW_S)


def write_answer(espeak: Espeak, sentences: Sequence[str], folder: Path) -> None:
    """A strong answer on the KV cache, as a 16-bit recording at 16,000 Hz with its words."""
    silence = np.zeros(round(0.6 * SAMPLE_RATE_HZ), dtype=np.float32)
    pieces = [silence]
    for sentence in sentences:
        pieces += [espeak.say(sentence).samples, silence]
    pcm = (np.concatenate(pieces) * 32767).astype("<i2")
    with wave.open(str(folder / "kv-cache-answer.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm.tobytes())
    text = "".join(f"{sentence}\n" for sentence in sentences)
    (folder / "kv-cache-answer.txt").write_text(text, encoding="utf-8")


def export(
    model: WhisperForConditionalGeneration, tokenizer: Tokenizer, work: Path, out: Path
) -> None:
    """Save the model as transformers does, then convert it to CTranslate2 int8."""
    saved = work / "transformers"
    end, start = "<|endoftext|>", "<|startoftranscript|>"
    model.generation_config = GenerationConfig(
        alignment_heads=ALIGNMENT_HEADS,
        begin_suppress_tokens=model.config.begin_suppress_tokens,
        suppress_tokens=[],
        decoder_start_token_id=token_id(tokenizer, start),
        eos_token_id=token_id(tokenizer, end),
        pad_token_id=token_id(tokenizer, end),
        bos_token_id=token_id(tokenizer, end),
        no_timestamps_token_id=token_id(tokenizer, "<|notimestamps|>"),
        is_multilingual=False,
    )
    model.save_pretrained(saved)
    WhisperFeatureExtractor(feature_size=N_MELS).save_pretrained(saved)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=end, eos_token=end, unk_token=end
    ).save_pretrained(saved)
    tokenizer.save(str(saved / "tokenizer.json"), pretty=False)
    converter = TransformersConverter(
        str(saved), copy_files=["tokenizer.json", "preprocessor_config.json"]
    )
    converter.convert(str(out), quantization="int8", force=True)


def parse_arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description="Train the tiny Whisper of the tests.")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--out", type=Path, default=HERE / "tiny-whisper", help="converted model")
    steps = [stage.steps for stage in STAGES]
    parser.add_argument("--steps", type=int, nargs=len(STAGES), default=steps, help="of each stage")
    parser.add_argument("--start-from", type=Path, help="a checkpoint, whose weights come first")
    return parser.parse_args()


def main() -> None:
    """Train, and convert after every stage, so that a stopped run leaves a usable model."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    rng = random.Random(SEED)  # noqa: S311
    sentences = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()
    tokenizer = build_tokenizer(sentences)
    end = token_id(tokenizer, "<|endoftext|>")
    espeak = Espeak()
    write_answer(espeak, [sentences[i] for i in ANSWER], HERE)
    composer = Composer(tokenizer, load_clips(espeak, sentences, rng), rng)
    model = build_model(tokenizer)
    trainee = Trainee(model, token_id(tokenizer, "<|0.00|>"))
    if arguments.start_from is not None:
        trainee.listen_to(FULL_WINDOW_S)
        weights = torch.load(arguments.start_from)
        weights.pop("model.encoder.embed_positions.weight")
        model.load_state_dict(weights, strict=False)
    log.info("%d parameters, %d tokens", model.num_parameters(), model.config.vocab_size)
    for stage, n_steps in zip(STAGES, arguments.steps, strict=True):
        if n_steps:
            train_stage(replace(stage, steps=n_steps), trainee, composer, arguments.work, end)
            export(model, tokenizer, arguments.work, arguments.out)


if __name__ == "__main__":
    main()
