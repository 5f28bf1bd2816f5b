"""What a study file says becomes runs: layers, identity, pairing, grids, claims, and the parts that can be chosen."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from ablate.config.run_config import RunConfig
from ablate.errors import StudyErrors
from ablate.study.load import load_study
from ablate.study.select import select
from ablate.study.study import Study
from tests.support.broken_studies import VALID

GRID = VALID[: VALID.index("arms:")] + "grid: {lambda_gp: [0.1, 10.0], lr: [1e-5, 1e-3]}\n"


def study(tmp_path: Path, text: str, *overrides: str, seeds: str | None = None) -> Study:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path, overrides, seeds)


def config(tmp_path: Path, text: str, *overrides: str, dataset: str = "ring8", arm: str = "wgan_gp") -> RunConfig:
    return study(tmp_path, text, *overrides).config(dataset, arm)


def test_runs_are_sorted_by_dataset_arm_and_seed(tmp_path: Path) -> None:
    runs = study(tmp_path, VALID.replace("seeds: 3", "seeds: [7, 0]")).runs()
    assert [(run.dataset, run.arm, run.seed) for run in runs] == [
        (dataset, arm, seed) for dataset in ("ring8", "digits") for arm in ("gan", "wgan", "wgan_gp") for seed in (0, 7)
    ]


def test_run_ids_are_all_different_and_seeds_pair_the_arms(tmp_path: Path) -> None:
    runs = study(tmp_path, VALID).runs()
    assert len({run.run_id for run in runs}) == len(runs) == 18
    by_arm = {arm: [run.seed for run in runs if run.arm == arm] for arm in ("gan", "wgan")}
    assert by_arm["gan"] == by_arm["wgan"]


def test_a_run_equals_one_that_is_built_and_validated_whole(tmp_path: Path) -> None:
    for run in study(tmp_path, VALID).runs():
        assert RunConfig(**run.config.model_dump()) == run.config
        assert RunConfig(**run.config.model_dump()).run_id == run.run_id


@pytest.mark.parametrize(
    ("written", "seeds"), [("3", (0, 1, 2)), ("2:4", (2, 3)), ('"2:4"', (2, 3)), ("[9, 1]", (1, 9)), ("[0]", (0,))]
)
def test_seeds_are_a_number_a_range_or_a_list(tmp_path: Path, written: str, seeds: tuple[int, ...]) -> None:
    assert study(tmp_path, VALID.replace("seeds: 3", f"seeds: {written}")).seeds == seeds


@pytest.mark.parametrize(("flag", "seeds"), [("2", (0, 1)), ("5:7", (5, 6)), ("8,1", (1, 8))])
def test_the_command_line_replaces_the_seeds(tmp_path: Path, flag: str, seeds: tuple[int, ...]) -> None:
    assert study(tmp_path, VALID, seeds=flag).seeds == seeds


def test_later_layers_win(tmp_path: Path) -> None:
    text = VALID.replace("lr: 1e-4", "lr: 1e-4\n  width: 10\n  latent_size: 3")
    text = text.replace("{latent_size: 16}", "{latent_size: 16, width: 20, lr: 2e-4}")
    text = text.replace("wgan_gp: {}", "wgan_gp: {lr: 3e-4}")
    assert config(tmp_path, text).latent_size == 3
    digits = config(tmp_path, text, dataset="digits")
    assert (digits.latent_size, digits.width, digits.lr) == (16, 20, 3e-4)
    assert config(tmp_path, text, "lr=4e-4", "lr=5e-4", dataset="digits").lr == 5e-4
    grid = study(tmp_path, text.replace("claims:", "grid: {lr: [6e-4]}\nclaims:").split("claims:")[0])
    assert grid.config("digits", "wgan_gp lr=0.0006").lr == 6e-4


def test_a_budget_in_a_later_layer_drops_the_other(tmp_path: Path) -> None:
    run = config(tmp_path, VALID.replace("wgan_gp: {}", "wgan_gp: {critic_steps: 5000}"))
    assert (run.generator_steps, run.critic_steps) == (None, 5000)
    assert config(tmp_path, VALID, "critic_steps=50").generator_steps is None


def test_settings_that_a_run_does_not_use_are_left_out(tmp_path: Path) -> None:
    assert config(tmp_path, VALID, arm="gan").own.get("lambda_gp") is None
    assert config(tmp_path, VALID, arm="wgan").own.get("lambda_gp") is None
    assert config(tmp_path, VALID, arm="wgan_gp").own.get("lambda_gp") == 10


def test_a_flag_that_makes_a_setting_of_the_file_useless_does_not_make_the_file_wrong(tmp_path: Path) -> None:
    text = VALID.split("claims:")[0].replace("  gan: {loss: non_saturating, lipschitz: none}\n", "")
    text = text.replace("wgan: {lipschitz: clip, clip_value: 0.01}", "wgan: {loss: hinge}")
    assert config(tmp_path, text, "lipschitz=none").own.get("lambda_gp") is None


def test_run_id_does_not_depend_on_order_or_place(tmp_path: Path) -> None:
    one = config(tmp_path, VALID).run_id
    moved = VALID.replace("  lr: 1e-4\n", "").replace("wgan_gp: {}", "wgan_gp: {lr: 0.0001}")
    assert config(tmp_path, moved).run_id == one
    assert config(tmp_path, VALID, "lr=1.0e-4").run_id == one
    turned = VALID.replace("  loss: wasserstein\n", "").replace(
        "generator_steps: 1000", "generator_steps: 1000\n  loss: wasserstein"
    )
    assert config(tmp_path, turned).run_id == one


def test_run_id_does_not_depend_on_settings_that_the_run_does_not_use(tmp_path: Path) -> None:
    other = VALID.replace("lambda_gp: 10", "lambda_gp: 20")
    assert config(tmp_path, VALID, arm="wgan").run_id == config(tmp_path, other, arm="wgan").run_id
    assert config(tmp_path, VALID).run_id != config(tmp_path, other).run_id


def test_run_id_does_not_depend_on_names(tmp_path: Path) -> None:
    renamed = VALID.replace("wgan_gp", "penalised").replace("ring8: {std", "toy: {dataset: ring8, std")
    assert config(tmp_path, VALID).run_id == config(tmp_path, renamed, dataset="toy", arm="penalised").run_id


def test_datasets_may_be_a_list_or_labels(tmp_path: Path) -> None:
    listed = study(
        tmp_path,
        VALID.replace("datasets:\n  ring8: {std: 0.02}\n  digits: {latent_size: 16}", "datasets: [ring8, digits]"),
    )
    labels = study(tmp_path, VALID.replace("ring8: {std: 0.02}", "ring8:").replace("{latent_size: 16}", "{}"))
    assert [run.run_id for run in listed.runs()] == [run.run_id for run in labels.runs()]
    assert config(tmp_path, VALID).dataset_options == {"radius": 1.0, "std": 0.02}


def test_a_grid_is_multiplied_with_the_arms(tmp_path: Path) -> None:
    alone = study(tmp_path, GRID)
    assert alone.arms == (
        "lambda_gp=0.1 lr=1e-05", "lambda_gp=0.1 lr=0.001", "lambda_gp=10 lr=1e-05", "lambda_gp=10 lr=0.001"
    )  # fmt: skip
    assert alone.factors["lambda_gp=10 lr=0.001"] == {"lambda_gp": 10.0, "lr": 1e-3}
    assert alone.config("ring8", "lambda_gp=10 lr=0.001").own.get("lambda_gp") == 10
    both = study(tmp_path, GRID + "arms: {a: {}, b: {n_critic: 1}}\n")
    assert len(both.arms) == 8
    assert both.arms[0] == "a lambda_gp=0.1 lr=1e-05"


def test_a_ladder_names_arms_before_the_grids_levels(tmp_path: Path) -> None:
    crossed = GRID + "arms: {a: {}, b: {n_critic: 1}, c: {n_critic: 2}}\nladder: [b, a]\n"
    assert study(tmp_path, crossed).ladder == ("b", "a")
    assert study(tmp_path, GRID).ladder == ()


def test_the_ladder_from_gan_to_wgan_makes_one_change_at_each_rung() -> None:
    climbed = load_study(Path(__file__).parents[2] / "studies" / "gan_to_wgan.yaml")
    for level in ("0.0003", "0.001"):
        rungs = [climbed.config("ring8", f"{rung} lr={level}").by_name() for rung in climbed.ladder]
        changed = [{k for k in b if a[k] != b[k]} for a, b in pairwise(rungs)]
        assert changed == [
            {"loss"}, {"loss"}, {"lipschitz", "clip_value"}, {"optimizer", "beta1", "beta2", "momentum"}
        ]  # fmt: skip


def test_a_study_of_a_million_runs_is_read_without_making_them(tmp_path: Path) -> None:
    levels = ", ".join(str(i) for i in range(1, 101))
    large = study(
        tmp_path, GRID.replace("[0.1, 10.0], lr: [1e-5, 1e-3]", f"[{levels}], n_critic: [{levels}]"), seeds="50"
    )
    assert large.size == 2 * 100 * 100 * 50
    assert "_runs" not in vars(large)
    with pytest.raises(StudyErrors, match="expected at most 100000"):
        study(
            tmp_path,
            GRID.replace("[0.1, 10.0], lr: [1e-5, 1e-3]", f"[{levels}], n_critic: [{levels}], width: [{levels}]"),
        )


def test_one_claim_is_made_for_each_arm_compared_against(tmp_path: Path) -> None:
    first, second = study(tmp_path, VALID).claims
    assert (first.against, second.against) == ("wgan", "gan")
    assert (first.source, first.statistic, first.margin, first.decide) == (("D0", "D4"), "value", 0.0, "pooled")
    assert first.datasets == ("ring8", "digits")
    assert first.key == "gp-quality: fid of wgan_gp < wgan"


def test_claims_that_differ_in_anything_have_different_keys(tmp_path: Path) -> None:
    rest = "says: s, test: compare, arm: wgan_gp, against: gan, direction: less"
    text = VALID.split("  - id")[0] + "".join(
        f"  - {{id: a, {rest}, {more}}}\n"
        for more in (
            "metric: fid", "metric: kid", "metric: fid, margin: 0.1", "metric: fid, statistic: spread", "metric: diverged",
            "metric: fid, datasets: [ring8]", "metric: fid, decide: any_dataset", "metric: steps_to_target",
        )
    )  # fmt: skip
    assert len({claim.key for claim in study(tmp_path, text).claims}) == 8


@pytest.mark.parametrize(
    ("metric", "dataset"),
    [("w1", "ring8"), ("modes@20", "ring8"), ("covered_classes", "digits"), ("mode_coverage", "ring8, digits")],
)
def test_a_metric_may_be_claimed_where_it_applies(tmp_path: Path, metric: str, dataset: str) -> None:
    text = VALID.replace("metric: fid", f"metric: {metric}\n    datasets: [{dataset}]")
    assert study(tmp_path, text).claims[0].datasets == tuple(dataset.split(", "))


def test_label_accuracy_may_be_claimed_of_conditional_arms(tmp_path: Path) -> None:
    text = VALID.replace("metric: fid", "metric: label_accuracy\n    datasets: [digits]")
    assert study(tmp_path, text, "conditional=true").claims


STACKED = """\
study: stacked
question: Which covers more modes?
seeds: 2
datasets: [stacked_mnist]
base: {generator_steps: 10}
arms: {gan: {loss: minimax}, hinge: {loss: hinge}}
claims:
  - {id: modes, source: [me], says: more modes, test: compare, metric: METRIC, arm: hinge, against: gan, direction: greater}
"""


def test_modes_of_stacked_mnist_may_be_claimed_where_26000_samples_are_evaluated(tmp_path: Path) -> None:
    text = STACKED.replace("METRIC", "stacked_modes")
    assert study(tmp_path, text).claims
    assert study(tmp_path, text).runs()[0].config.evaluation_samples == 26_000
    with pytest.raises(StudyErrors, match=r"stacked_modes does not apply to stacked_mnist: it needs .* 26,000 samples"):
        study(tmp_path, text.replace("steps: 10", "steps: 10, evaluation_samples: 500"))
    with pytest.raises(StudyErrors, match="covered_classes does not apply to stacked_mnist"):
        study(tmp_path, STACKED.replace("METRIC", "covered_classes"))


def test_a_part_of_a_study_can_be_chosen(tmp_path: Path) -> None:
    whole = study(tmp_path, VALID)
    part = select(whole, ["dataset=ring8", "arm=gan", "arm=wgan_gp"])
    assert (part.datasets, part.arms, part.size) == (("ring8",), ("gan", "wgan_gp"), 6)
    assert {run.run_id for run in part.runs()} < {run.run_id for run in whole.runs()}
    assert [(claim.against, claim.datasets) for claim in part.claims] == [("gan", ("ring8",))]
    assert select(whole, []).runs() == whole.runs()


def test_levels_of_a_grid_can_be_chosen(tmp_path: Path) -> None:
    whole = study(tmp_path, GRID + "arms: {a: {}, b: {n_critic: 1}}\n")
    assert select(whole, ["lambda_gp=10", "arm=a"]).arms == ("a lambda_gp=10 lr=1e-05", "a lambda_gp=10 lr=0.001")
    assert select(whole, ["lr=0.001", "lr=1e-05"]).arms == whole.arms
    assert select(whole, ["arm=b lambda_gp=10 lr=0.001"]).size == 6


def test_a_study_can_be_sent_to_another_process(tmp_path: Path) -> None:
    whole = study(tmp_path, VALID)
    assert pickle.loads(pickle.dumps(whole)).runs() == whole.runs()


def test_reading_is_fast_and_imports_neither_torch_nor_pandas(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(VALID)
    program = f"""
import sys, time
from ablate.study.load import load_study
start = time.perf_counter()
load_study({str(path)!r})
print(time.perf_counter() - start, *(name for name in ("torch", "pandas", "numpy") if name in sys.modules))
"""
    answers = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(3)
    ]
    assert [answer[1:] for answer in answers] == [[], [], []]
    assert min(float(answer[0]) for answer in answers) < 0.3  # the best of three: others use the machine too
