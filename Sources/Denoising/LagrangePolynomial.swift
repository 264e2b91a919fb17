/// The polynomial through some nodes that is 1 at one of them and 0 at the others: ℓⱼ of Lagrange.
struct LagrangePolynomial {
  let nodes: [Double]
  let one: Int

  func callAsFunction(_ x: Double) -> Double {
    var product = 1.0
    for (index, node) in nodes.enumerated() where index != one { product *= (x - node) / (nodes[one] - node) }
    return product
  }
}
