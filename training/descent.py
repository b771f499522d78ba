"""What the trainings share: the descent itself, and the loss of graded answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

WARM_UP = 0.1
"""The share of the steps in which the learning rate rises; then it falls, in a line ..."""
LEAST_RATE = 0.02
"""... to this share of the highest."""
LARGEST_STEP = 1.0
"""Gradients are cut to this length."""

Step = TypeVar("Step")


def ordinal_loss(levels: Tensor, low: Tensor, high: Tensor, grades: Tensor) -> Tensor:
    """Mean negative log likelihood of grades under proportional odds (McCullagh 1980).

    Args:
        levels: shape `(n_answers,)`, on the scale of the two cuts.
        grades: 0, 1 or 2 for each answer.
    """
    at_most = torch.sigmoid(low - levels), torch.sigmoid(high - levels)
    chances = torch.stack([at_most[0], at_most[1] - at_most[0], 1 - at_most[1]], 1)
    return -chances.clamp_min(1e-6)[torch.arange(len(grades)), grades].log().mean()


def descend(
    model: Any,
    head: nn.Module,
    steps: Iterable[Step],
    n_steps: int,
    loss_of: Callable[[Step], Tensor],
    rate: float,
    head_rate: float,
) -> None:
    """Train the model in place, all but its embeddings, and with it a head that is thrown away."""
    model.embeddings.requires_grad_(False)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": trained, "lr": rate},
            {"params": head.parameters(), "lr": head_rate, "weight_decay": 0.0},
        ],
        weight_decay=0.01,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda n: min(1.0, (n + 1) / (WARM_UP * n_steps)) * max(LEAST_RATE, 1 - n / n_steps),
    )
    model.train()
    for number, step in enumerate(steps, start=1):
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, LARGEST_STEP)
        optimizer.step()
        schedule.step()
        if number % 10 == 0 or number == n_steps:
            print(
                f"step {number} of {n_steps}: loss {loss.item():.3f}", file=sys.stderr, flush=True
            )
    model.eval()
