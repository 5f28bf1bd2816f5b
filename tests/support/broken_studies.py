"""Study files with one mistake each: what is changed in a valid file, where the mistake is shown, and what is said."""

VALID = """\
study: gp_vs_clip
question: Does the penalty train better than clipping?
seeds: 3
datasets:
  ring8: {std: 0.02}
  digits: {latent_size: 16}
base:
  loss: wasserstein
  lipschitz: gradient_penalty
  lambda_gp: 10
  lr: 1e-4
  generator_steps: 1000
arms:
  gan: {loss: non_saturating, lipschitz: none}
  wgan: {lipschitz: clip, clip_value: 0.01}
  wgan_gp: {}
claims:
  - id: gp-quality
    source: [D0, D4]
    says: the penalty gives better samples
    test: compare
    metric: fid
    arm: wgan_gp
    against: [wgan, gan]
    direction: less
"""

QUESTION = "question: Does the penalty train better than clipping?\n"
DATASETS = VALID[VALID.index("datasets:\n") : VALID.index("base:\n")]
BASE = VALID[VALID.index("base:\n") : VALID.index("arms:\n")]
ARMS = VALID[VALID.index("arms:\n") : VALID.index("claims:\n")]

BROKEN_SETTINGS = [
    # what is wrong, text of the valid file, what it is replaced by, line:column, phrases of the message
    ("ladder text", "claims:\n", "ladder: gan\nclaims:\n", "17:9", ["ladder is the text 'gan'", "a list of two arms"]),
    ("ladder of one", "claims:\n", "ladder: [gan]\nclaims:\n", "17:9", ["ladder is the list ['gan']"]),
    (
        "ladder unknown",
        "claims:\n",
        "ladder: [gan, wgam]\nclaims:\n",
        "17:15",
        ["unknown arm 'wgam'", "did you mean 'wgan'"],
    ),
    ("ladder twice", "claims:\n", "ladder: [gan, wgan, gan]\nclaims:\n", "17:21", ["'gan' is given twice"]),
    ("study missing", "study: gp_vs_clip\n", "", "1:1", ["the key 'study' is missing"]),
    ("study number", "study: gp_vs_clip", "study: 5", "1:8", ["study: study is 5"]),
    ("study bad name", "study: gp_vs_clip", "study: GP vs clip", "1:8", ["study: study is the text 'GP vs clip'"]),
    ("question missing", QUESTION, "", "1:1", ["the key 'question' is missing"]),
    ("question empty", QUESTION.strip(), "question:", "2:10", ["question: question is empty"]),
    ("notes list", "seeds: 3", "seeds: 3\nnotes: [a]", "4:8", ["notes: notes is the list ['a']"]),
    ("unknown top key", "seeds: 3", "seeds: 3\narm: {}", "4:1", ["arm: unknown key 'arm'", "did you mean 'arms'?"]),
    ("seeds missing", "seeds: 3\n", "", "1:1", ["the key 'seeds' is missing"]),
    ("seeds negative", "seeds: 3", "seeds: -1", "3:8", ["seeds: seeds is -1"]),
    ("seeds zero", "seeds: 3", "seeds: 0", "3:8", ["seeds: seeds is 0"]),
    ("seeds empty list", "seeds: 3", "seeds: []", "3:8", ["seeds: seeds is an empty list"]),
    ("seeds reversed", "seeds: 3", "seeds: 10:2", "3:8", ["seeds: seeds 10:2 is an empty range"]),
    ("seeds twice", "seeds: 3", "seeds: [0, 1, 0]", "3:15", ["seeds[2]: seed 0 is given twice"]),
    ("seeds float", "seeds: 3", "seeds: 2.5", "3:8", ["seeds: seeds is 2.5"]),
    ("seeds bool", "seeds: 3", "seeds: true", "3:8", ["seeds: seeds is true"]),
    ("seeds item float", "seeds: 3", "seeds: [0, 1.5]", "3:12", ["seeds[1]: seed 1.5"]),
    ("seeds item negative", "seeds: 3", "seeds: [0, -2]", "3:12", ["seeds[1]: seed -2"]),
    ("seeds huge count", "seeds: 3", "seeds: 1000000000", "3:8", ["seeds: seeds gives 1000000000 seeds"]),
    ("seeds huge value", "seeds: 3", "seeds: 4294967290:4294967296", "3:8", ["seeds: seeds goes to 4294967295"]),
    ("seeds text", "seeds: 3", "seeds: many", "3:8", ["seeds: seeds is the text 'many'"]),
    ("seeds null", "seeds: 3", "seeds:", "3:7", ["seeds: seeds is empty"]),
    ("datasets missing", DATASETS, "", "1:1", ["the key 'datasets' is missing"]),
    ("datasets empty", DATASETS, "datasets: []\n", "4:11", ["datasets: datasets is empty"]),
    ("datasets text", DATASETS, "datasets: ring8\n", "4:11", ["datasets: datasets is the text 'ring8'"]),
    (
        "datasets unknown in list",
        DATASETS,
        "datasets: [ring8, digit]\n",
        "4:19",
        ["datasets[1]: unknown dataset 'digit'", "did you mean 'digits'?"],
    ),
    (
        "datasets twice in list",
        DATASETS,
        "datasets: [ring8, ring8]\n",
        "4:19",
        ["datasets[1]: dataset 'ring8' is given twice"],
    ),
    ("datasets number in list", DATASETS, "datasets: [ring8, 25]\n", "4:19", ["datasets[1]: 25"]),
    (
        "label unknown",
        "  ring8: {std: 0.02}",
        "  ring9: {std: 0.02}",
        "5:3",
        ["datasets.ring9: unknown dataset 'ring9'", "did you mean 'ring8'?"],
    ),
    (
        "label dataset unknown",
        "  ring8: {std: 0.02}",
        "  wide: {dataset: ring9}",
        "5:19",
        ["datasets.wide.dataset: unknown dataset 'ring9'", "did you mean 'ring8'?"],
    ),
    (
        "label text",
        "  ring8: {std: 0.02}",
        "  ring8: wide",
        "5:10",
        ["datasets.ring8: dataset 'ring8' is the text 'wide'"],
    ),
    (
        "label bad name",
        "  ring8: {std: 0.02}",
        "  a ring: {dataset: ring8}",
        "5:3",
        ["datasets.a ring: dataset label 'a ring'"],
    ),
    (
        "label option unknown",
        "{std: 0.02}",
        "{sdt: 0.02}",
        "5:11",
        ["datasets.ring8.sdt: unknown option of ring8 or setting 'sdt'", "did you mean 'std'?"],
    ),
    ("label option negative", "{std: 0.02}", "{std: -1}", "5:16", ["datasets.ring8.std: std is -1.0"]),
    ("label option nan", "{std: 0.02}", "{std: .nan}", "5:16", ["datasets.ring8.std: std is nan"]),
    ("label option text", "{std: 0.02}", "{std: wide}", "5:16", ["datasets.ring8.std: std is 'wide'"]),
    (
        "label setting wrong",
        "{latent_size: 16}",
        "{latent_size: big}",
        "6:25",
        ["datasets.digits.latent_size: latent_size is the text 'big'"],
    ),
    (
        "label twin",
        "  digits:",
        "  copy: {dataset: ring8, std: 0.02}\n  digits:",
        "6:9",
        ["datasets.copy: dataset 'copy' gives the same runs as 'ring8'"],
    ),
    ("base missing", BASE, "", "1:1", ["the key 'base' is missing"]),
    ("base list", BASE, "base: [a]\n", "7:7", ["base: base is the list ['a']"]),
    (
        "setting unknown",
        "lr: 1e-4",
        "learning_rate: 1e-4",
        "11:3",
        ["base.learning_rate: unknown setting 'learning_rate'"],
    ),
    (
        "setting unknown in arm",
        "clip_value: 0.01",
        "clip_valeu: 0.01",
        "15:27",
        ["arms.wgan.clip_valeu: unknown setting 'clip_valeu'", "did you mean 'clip_value'?"],
    ),
    (
        "setting seed",
        "lr: 1e-4",
        "seed: 4",
        "11:3",
        ["base.seed: 'seed' is not set here: the seeds are given by the top-level key"],
    ),
    (
        "loss unknown",
        "loss: wasserstein",
        "loss: waserstein",
        "8:9",
        ["base.loss: unknown loss 'waserstein'", "did you mean 'wasserstein'?"],
    ),
    ("loss number", "loss: wasserstein", "loss: 3", "8:9", ["base.loss: loss is 3"]),
    (
        "lipschitz unknown",
        "lipschitz: clip",
        "lipschitz: clipping",
        "15:21",
        ["arms.wgan.lipschitz: unknown lipschitz 'clipping'", "did you mean 'clip'?"],
    ),
    (
        "lipschitz list",
        "lipschitz: clip",
        "lipschitz: [clip]",
        "15:21",
        ["arms.wgan.lipschitz: lipschitz is the list ['clip']"],
    ),
    (
        "optimizer unknown",
        "lr: 1e-4",
        "optimizer: adan",
        "11:14",
        ["base.optimizer: unknown optimizer 'adan'", "did you mean 'adam'?"],
    ),
    (
        "architecture unknown",
        "lr: 1e-4",
        "architecture: mpl",
        "11:17",
        ["base.architecture: unknown architecture 'mpl'", "did you mean 'mlp'?"],
    ),
    (
        "norm unknown",
        "lr: 1e-4",
        "critic_norm: bach",
        "11:16",
        ["base.critic_norm: unknown critic_norm 'bach'", "did you mean 'batch'?"],
    ),
    ("lr negative", "lr: 1e-4", "lr: -1e-4", "11:7", ["base.lr: lr is -0.0001"]),
    ("lr zero", "lr: 1e-4", "lr: 0", "11:7", ["base.lr: lr is 0"]),
    ("lr text", "lr: 1e-4", "lr: fast", "11:7", ["base.lr: lr is the text 'fast'"]),
    ("lr nan", "lr: 1e-4", "lr: .nan", "11:7", ["base.lr: lr is nan"]),
    ("lr inf", "lr: 1e-4", "lr: .inf", "11:7", ["base.lr: lr is inf"]),
    ("lr null", "lr: 1e-4", "lr:", "11:6", ["base.lr: lr is empty"]),
    ("lr huge", "lr: 1e-4", "lr: 1" + "0" * 400, "11:7", ["base.lr: lr is 1000"]),
    ("lambda inf", "lambda_gp: 10", "lambda_gp: .inf", "10:14", ["base.lambda_gp: lambda_gp is inf"]),
    ("beta1 one", "lr: 1e-4", "beta1: 1", "11:10", ["base.beta1: beta1 is 1"]),
    ("batch_size one", "lr: 1e-4", "batch_size: 1", "11:15", ["base.batch_size: batch_size is 1"]),
    ("batch_size float", "lr: 1e-4", "batch_size: 1e2", "11:15", ["base.batch_size: batch_size is 100.0"]),
    (
        "steps underscore",
        "generator_steps: 1000",
        "generator_steps: 10_000",
        "12:20",
        ["base.generator_steps: generator_steps is the text '10_000'"],
    ),
    (
        "steps too many",
        "generator_steps: 1000",
        "generator_steps: 10000000000",
        "12:20",
        ["base.generator_steps: generator_steps is 10000000000"],
    ),
    ("conditional yes", "lr: 1e-4", "conditional: yes", "11:16", ["base.conditional: conditional is the text 'yes'"]),
    (
        "clip without value",
        "{lipschitz: clip, clip_value: 0.01}",
        "{lipschitz: clip}",
        "15:21",
        ["arms.wgan.lipschitz: lipschitz clip needs clip_value, which is not given"],
    ),
    (
        "lambda unused anywhere",
        "lipschitz: gradient_penalty",
        "lipschitz: none",
        "10:3",
        ["base.lambda_gp: lambda_gp has no effect in any run: it is used only by lips"],
    ),
    (
        "lambda in clip arm",
        "clip_value: 0.01",
        "clip_value: 0.01, lambda_gp: 5",
        "15:45",
        ["arms.wgan.lambda_gp: lambda_gp has no effect in any run: it is used only by"],
    ),
    (
        "momentum with adam",
        "lr: 1e-4",
        "momentum: 0.5",
        "11:3",
        ["base.momentum: momentum has no effect in any run: it is used only by optimi"],
    ),
    (
        "both budgets",
        "lr: 1e-4",
        "critic_steps: 5000",
        "11:17",
        ["base.critic_steps: the budget is either generator_steps or critic_steps (bo"],
    ),
    (
        "no budget",
        "  generator_steps: 1000\n",
        "",
        "8:3",
        ["base: the budget is either generator_steps or critic_steps (neither is give"],
    ),
    (
        "critic steps too few",
        "generator_steps: 1000",
        "critic_steps: 3",
        "12:17",
        ["base.critic_steps: critic_steps 3 is less than n_critic 5: no generator ste"],
    ),
    (
        "evaluations beyond",
        "lr: 1e-4",
        "evaluations: [10, 2000]",
        "11:16",
        ["base.evaluations: evaluation at generator step 2000 lies behind the end of "],
    ),
    ("evaluations zero", "lr: 1e-4", "evaluations: 0", "11:16", ["base.evaluations: evaluations is 0"]),
    (
        "evaluations text",
        "lr: 1e-4",
        "evaluations: often",
        "11:16",
        ["base.evaluations: evaluations is the text 'often'"],
    ),
    (
        "evaluations negative",
        "lr: 1e-4",
        "evaluations: [-1]",
        "11:16",
        ["base.evaluations: evaluations is the list [-1]"],
    ),
    (
        "conditional without labels",
        "  ring8: {std: 0.02}\n  digits: {latent_size: 16}",
        "  swiss_roll: {conditional: true}",
        "5:29",
        ["datasets.swiss_roll.conditional: conditional needs labels, swiss_roll has n"],
    ),
    (
        "conv on points",
        "{std: 0.02}",
        "{architecture: conv}",
        "5:25",
        ["datasets.ring8.architecture: architecture conv needs images with sides divi"],
    ),
]
