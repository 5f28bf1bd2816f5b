"""Studies with everything that a page shows, made by simulation: for tests only, nothing here was measured."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ablate.config.run_config import RunConfig
from tests.support.simulated_study import SimulatedClaim, SimulatedResults, SimulatedRun, SimulatedStudy

ARMS = {
    "gan": {"loss": "non_saturating", "lipschitz": "none"},
    "wgan_c0.1": {"lipschitz": "clip", "clip_value": 0.1},
    "wgan_c0.01": {"lipschitz": "clip", "clip_value": 0.01},
    "wgan_gp": {"lipschitz": "gradient_penalty", "lambda_gp": 10.0},
}
LEVELS = {"gan": 0.9, "wgan_c0.1": 0.35, "wgan_c0.01": 0.30, "wgan_gp": 0.08}
DIVERGING = {"gan": 0.25, "wgan_c0.1": 0.05, "wgan_c0.01": 0.0, "wgan_gp": 0.0}
CURVES = ("fid", "critic_loss", "critic_gradient_norm", "generator_gradient_norm")


def claims(datasets):
    against = ("wgan_c0.1", "wgan_c0.01")
    more = {"datasets": datasets, "arm": "wgan_gp"}
    return tuple(
        [SimulatedClaim("gp-quality", ("D0", "D1", "D4"), "the penalty gives better samples than clipping",
                        against=other, **more) for other in against]
        + [SimulatedClaim("gan-collapse", ("D1", "D2"), "WGAN-GP covers more modes than the GAN", metric="mode_coverage",
                          direction="greater", against="gan", **more),
           SimulatedClaim("gp-faster", ("D0",), "on some datasets the penalty converges faster", against="gan",
                          metric="steps_to_target", decide="any_dataset", **more),
           SimulatedClaim("gp-stable", ("D0",), "the penalty trains more stably: fewer runs diverge", metric="diverged",
                          against="gan", **more),
           SimulatedClaim("clip-value", ("D4",), "the clip value does not matter by more than 10 %", arm="wgan_c0.1",
                          against="wgan_c0.01", direction="greater", margin=0.1, datasets=datasets),
           SimulatedClaim("gp-spread", ("D4",), "the penalty's quality spreads less over seeds", statistic="spread",
                          against="wgan_c0.1", margin=0.05, **more)]
    )  # fmt: skip


def full_study(
    seeds=10, datasets=("ring8", "grid25", "digits"), arms=None, steps=20, name="gp_vs_clip", missing=True, samples=3
):
    """A study and its tables: fid by arm as a lognormal level, divergence at random, curves that fall to the level."""
    arms = arms or ARMS
    rng = np.random.default_rng(0)
    runs = []
    for dataset in datasets:
        for arm, settings in arms.items():
            first = RunConfig.model_validate(
                {"dataset": dataset, "generator_steps": 5000, **({"loss": "wasserstein"} | settings)}
            )
            runs += [SimulatedRun(arm, dataset, first.model_copy(update={"seed": s})) for s in range(seeds)]
    n = len(runs)
    ids = np.array([run.run_id for run in runs])
    arm = np.array([run.arm for run in runs])
    level = np.array([LEVELS.get(name, 0.3) for name in arm]) * np.exp(rng.normal(0, 0.35, n))
    lost = rng.random(n) < np.array([DIVERGING.get(name, 0.02) for name in arm])
    table = pd.DataFrame({
        "run_id": ids, "study": name, "dataset": [r.dataset for r in runs], "arm": arm, "seed": [r.seed for r in runs],
        "status": np.where(lost, "diverged", "done"), "error": "", "flags": np.where(arm == "gan", "no constraint", ""),
        "fid": np.where(lost, np.nan, level), "fid_floor": 0.002, "fid_protocol": "fid_identity_10k",
        "mode_coverage": np.clip(1.1 - 0.5 * level, 0, 1).round(2), "late_regression": 1 + rng.exponential(0.2, n),
        "grad_norm_ratio": np.exp(rng.normal(1.5, 0.6, n)), "critic_slope_mean": 1 + 0.2 * rng.normal(size=n),
        "share_at_bound": np.where(np.char.startswith(arm, "wgan_c"), 0.8, 0.01), "seconds": 12.5, "commit": "0" * 40,
        "dirty": False, "torch": "2.x", "device": "a simulated device", "finished_at": "2000-01-01T00:00:00+00:00",
    })  # fmt: skip
    when = np.linspace(250, 5000, steps).round().astype(int)
    fall = level[:, None] * (1 + 8 * np.exp(-when[None, :] / 900)) * np.exp(0.1 * rng.normal(size=(n, steps)))
    values = {"fid": fall, "critic_loss": -fall, "critic_gradient_norm": 2 * fall, "generator_gradient_norm": fall / 3}
    stop = np.where(lost, rng.integers(1, steps + 1, n), steps)
    keep = (np.arange(steps) < stop[:, None]).ravel()
    curves = pd.concat([
        pd.DataFrame({
            "run_id": np.repeat(ids, steps), "generator_step": np.tile(when, n), "critic_step": np.tile(5 * when, n),
            "seconds": np.tile(when / 400, n), "metric": metric, "value": points.ravel(),
        })[keep]
        for metric, points in values.items()
    ], ignore_index=True)  # fmt: skip
    samples_by_run = {}
    for dataset in datasets:
        samples_by_run[f"real_{dataset}"] = _sample(dataset, 0.02, rng)
        for run in (r for r in runs if r.dataset == dataset and r.seed < samples and r.arm in LEVELS):
            samples_by_run[run.run_id] = _sample(dataset, 0.3 * LEVELS[run.arm], rng)
    if missing:
        table = table.drop(index=[n - 1, n - 2])
        table.loc[n - 3, ["status", "error"]] = ["failed", "out of memory <b>"]
    environment = {"command": f"ablate run studies/{name}.yaml", "wall_seconds": 512.0, "versions": {"numpy": "2"}}
    study = SimulatedStudy(
        claims(tuple(datasets)) if arms is ARMS else (), runs, name=name,
        question="Does the gradient penalty train better than weight clipping?",
        notes="Simulated tables: nothing here was measured.", text="study: gp_vs_clip\nquestion: <script>\n",
    )  # fmt: skip
    unused = table.iloc[:2].assign(run_id=["old1", "old2"])
    table = pd.concat([table, unused], ignore_index=True) if missing else table.reset_index(drop=True)
    return study, SimulatedResults(table, curves, pd.DataFrame(), environment, samples_by_run)


def _sample(dataset, noise, rng):
    if dataset == "digits":
        return rng.integers(0, 255, (36, 1, 8, 8)).astype(np.uint8)
    angle = rng.integers(0, 8, 1500) * np.pi / 4
    return (np.stack([np.cos(angle), np.sin(angle)], 1) + noise * rng.normal(size=(1500, 2))).astype(np.float32)
