#if canImport(Glibc)
import Glibc
#endif

/// λ = ln((1 − σ)/σ), half the logarithm of signal to noise: what stochastic samplers step in. Infinite at 0 and 1.
func logSNR(_ sigma: Double) -> Double { log((1 - sigma) / sigma) }

/// The noise level of a λ.
func sigma(logSNR: Double) -> Double { 1 / (1 + exp(logSNR)) }
