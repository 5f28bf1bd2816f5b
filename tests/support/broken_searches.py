"""Searches with one mistake each: what is changed in a valid file, where the mistake is shown, and what is said."""

VALID_SEARCH = """\
study: tuning
question: Which arm needs less tuning?
seeds: 1
datasets: [ring8, digits]
base:
  generator_steps: 20
arms:
  gan: {loss: non_saturating, lipschitz: none}
  wgan: {lipschitz: clip}
  wgan_gp: {lipschitz: gradient_penalty}
search:
  draws: 6
  sampler: random
  objective: fid
  parameters:
    lr: {low: 1e-5, high: 1e-2, scale: log}
    beta1: {choices: [0.0, 0.5, 0.9]}
    n_critic: {low: 1, high: 10}
    clip_value: {low: 1e-3, high: 1, scale: log}
    lambda_gp: {low: 0.1, high: 100, scale: log}
"""
SEARCH = VALID_SEARCH[VALID_SEARCH.index("search:\n") :]
PARAMETERS = VALID_SEARCH[VALID_SEARCH.index("  parameters:\n") :]
LR = "lr: {low: 1e-5, high: 1e-2, scale: log}"
BETA = "beta1: {choices: [0.0, 0.5, 0.9]}"
STEPS = "n_critic: {low: 1, high: 10}"

BROKEN_SEARCHES = [
    # what is wrong, text of the valid file, what it is replaced by, line:column, phrases of the message
    ("search a list", SEARCH, "search: [lr]\n", "11:9", ["search: search is the list ['lr']"]),
    ("search empty", SEARCH, "search:\n", "11:8", ["search: search is empty, expected a mapping"]),
    ("unknown key", "  draws: 6", "  draw: 6", "12:3", ["search.draw: unknown key 'draw'", "did you mean 'draws'?"]),
    ("draws missing", "  draws: 6\n", "", "11:1", ["search: the key 'draws' is missing"]),
    ("draws zero", "draws: 6", "draws: 0", "12:10", ["search.draws: draws is 0, expected a whole number from 1"]),
    ("draws half", "draws: 6", "draws: 6.5", "12:10", ["search.draws: draws is 6.5"]),
    ("draws too many", "draws: 6", "draws: 1000000", "12:10", ["search.draws: draws is 1000000"]),
    (
        "sampler unknown",
        "sampler: random",
        "sampler: rand",
        "13:12",
        ["unknown sampler 'rand'", "did you mean 'random'?"],
    ),
    (
        "batch for nothing",
        "sampler: random",
        "sampler: random\n  batch: 4",
        "14:3",
        ["batch has no effect with sampler"],
    ),
    (
        "prune a number",
        "sampler: random",
        "sampler: tpe\n  prune: 1",
        "14:10",
        ["search.prune: prune is 1, expected true"],
    ),
    ("prune for nothing", "sampler: random", "prune: true", "13:3", ["prune has no effect with sampler random"]),
    (
        "prune by what comes at the end",
        "  sampler: random\n  objective: fid",
        "  sampler: tpe\n  prune: true\n  objective: late_regression",
        "15:14",
        ["late_regression is known only at the end of a run"],
    ),
    (
        "prune under a claim",
        "search:\n  draws: 6\n  sampler: random",
        "claims:\n  - {id: a, source: [me], says: b, test: compare, metric: fid, arm: wgan, against: gan, direction: less}\n"
        "search:\n  draws: 6\n  sampler: tpe\n  prune: true",
        "16:3",
        ["prune leaves out of an arm's runs those that start badly", "`ablate best`"],
    ),
    ("batch zero", "sampler: random", "sampler: tpe\n  batch: 0", "14:10", ["search.batch: batch is 0"]),
    ("seed negative", "sampler: random", "seed: -1", "13:9", ["search.seed: seed is -1"]),
    ("objective missing", "  objective: fid\n", "", "11:1", ["search: the key 'objective' is missing"]),
    (
        "objective unknown",
        "objective: fid",
        "objective: fido",
        "14:14",
        ["unknown objective 'fido'", "did you mean 'fid'?"],
    ),
    (
        "objective without a direction",
        "objective: fid",
        "objective: layer_slope",
        "14:14",
        ["search.objective: layer_slope has no better direction"],
    ),
    (
        "objective not measured there",
        "objective: fid",
        "objective: w1",
        "14:14",
        ["metric w1 does not apply to digits: it needs points"],
    ),
    ("parameters missing", PARAMETERS, "", "11:1", ["search: the key 'parameters' is missing"]),
    ("parameters empty", PARAMETERS, "  parameters: {}\n", "15:15", ["search.parameters: parameters is empty"]),
    ("unknown setting", LR, "rate: {low: 1, high: 2}", "16:5", ["search.parameters.rate: unknown setting 'rate'"]),
    ("the seed", LR, "seed: {low: 1, high: 2}", "16:5", ["'seed' is not set here"]),
    (
        "the budget",
        LR,
        "critic_steps: {low: 10, high: 20}",
        "16:5",
        ["critic_steps is the budget, which must be equal"],
    ),
    ("a list of values", BETA, "beta1: [0.0, 0.5]", "17:12", ["beta1 is the list [0.0, 0.5], expected {low"]),
    ("unknown key of a range", LR, "lr: {low: 1, hihg: 2}", "16:18", ["unknown key 'hihg'", "did you mean 'high'?"]),
    (
        "low missing",
        LR,
        "lr: {high: 1e-2}",
        "16:9",
        ["lr: the key 'low' is missing, expected low and high, or choices"],
    ),
    ("low beside choices", BETA, "beta1: {choices: [0.0, 0.5], low: 0}", "17:34", ["low is given beside choices"]),
    ("low not allowed", LR, "lr: {low: -1, high: 1}", "16:15", ["low of lr is -1, expected a finite number above 0"]),
    ("high text", LR, "lr: {low: 1e-5, high: fast}", "16:27", ["high of lr is the text 'fast'"]),
    ("high not whole", STEPS, "n_critic: {low: 1, high: 2.5}", "18:30", ["high of n_critic is 2.5, expected a whole"]),
    ("high below low", LR, "lr: {low: 1e-2, high: 1e-5}", "16:27", ["high is 1e-05, expected more than low, 0.01"]),
    (
        "high null",
        "lambda_gp: {low: 0.1, high: 100",
        "lambda_gp: {low: 0.1, high: null",
        "20:33",
        ["high of lambda_gp is"],
    ),
    (
        "scale unknown",
        LR,
        "lr: {low: 1e-5, high: 1, scale: lgo}",
        "16:37",
        ["unknown scale 'lgo'", "did you mean 'log'?"],
    ),
    ("log from zero", BETA, "beta1: {low: 0, high: 0.9, scale: log}", "17:18", ["low is 0, expected more than 0"]),
    (
        "range of a name",
        LR,
        "loss: {low: 1, high: 2}",
        "16:11",
        ["loss is not a number, so it has no range; expected choices"],
    ),
    ("choices one", BETA, "beta1: {choices: [0.5]}", "17:22", ["expected a list of two values or more"]),
    ("choices twice", BETA, "beta1: {choices: [0.5, 0.5]}", "17:28", ["choices[1]: 0.5 is given twice; remove one"]),
    ("choice not allowed", BETA, "beta1: {choices: [0.5, 1.5]}", "17:28", ["beta1 is 1.5, expected"]),
    ("unused by all arms", BETA, "momentum: {choices: [0.5, 0.9]}", "17:5", ["momentum has no effect in any run"]),
    ("set in base", "generator_steps: 20", "generator_steps: 20\n  lr: 1e-3", "7:3", ["lr is drawn by the search"]),
    (
        "set in an arm",
        "lipschitz: clip",
        "lipschitz: clip, clip_value: 0.1",
        "9:27",
        ["clip_value is drawn by the search"],
    ),
    ("in the grid", "search:", "grid: {lr: [1e-3, 1e-4]}\nsearch:", "11:13", ["lr is drawn by the search"]),
    ("several seeds", "seeds: 1", "seeds: 3", "3:8", ["seeds gives 3 seeds, expected 1 with a search"]),
    (
        "a draw that cannot be",
        "generator_steps: 20",
        "critic_steps: 5",
        "6:17",
        ["critic_steps 5 is less than n_critic 10: no generator step"],
    ),
    ("arms alike", "  wgan_gp: {lipschitz: gradient_penalty}", "  other: {lipschitz: clip}", "10:10", ["is identical"]),
]
