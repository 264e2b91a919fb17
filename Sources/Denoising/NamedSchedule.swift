/// The schedules that have a name. With a number of steps, a name is a schedule that waits for a model's shift: `ModelSchedule.schedule`.
public enum NamedSchedule: String, CaseIterable, Sendable {
  /// Even, then shifted: the model's own, as diffusers has it.
  case flux
  /// Even picks from the model's table.
  case simple
  /// Even from the highest to the lowest level of the table, shifted once more.
  case normal
  /// As `normal` with a step more, which is left out.
  case sgmUniform = "sgm_uniform"
  /// Even in the seventh root. Karras et al. 2022, equation 5.
  case karras
  /// Even in the logarithm.
  case exponential
  /// Even in the quantiles of the distribution Beta(0.6, 0.6), which has most at both ends. Lee et al. 2024 (Beta sampling is all you need).
  case beta
  /// Half of the steps for the first fortieth, the rest falling ever faster; the model's shift has no part in it. Polyak et al. 2024 (Movie Gen).
  case linearQuadratic = "linear_quadratic"
  /// Even in the arctangent. Sabour et al. 2024 (Align Your Steps), the optimum where pictures are a bell.
  case klOptimal = "kl_optimal"
  /// Every q-th level of the table from the second on, q = count/n: begins below 1, and may have more steps than asked for.
  case ddimUniform = "ddim_uniform"
}
