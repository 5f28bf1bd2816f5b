"""A valid study file and its parts, in which other files here make one mistake each: broken_settings, broken_claims, …"""

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
