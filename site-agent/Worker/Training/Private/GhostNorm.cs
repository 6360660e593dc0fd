using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Norms of patients' gradients that are never made: from a block's inputs and derivatives (<see cref="GradientNorm.OfGhost"/>).</summary>
internal static class GhostNorm
{
    private const float GreatestSquare = GradientNorm.GreatestFactor * GradientNorm.GreatestFactor;

    /// <summary>
    /// Of the gradient over consecutive rows of a network that has run, all layers and biases together; not finite where a row of inputs or derivatives is not, or is longer than
    /// <see cref="GradientNorm.GreatestFactor"/>.
    /// </summary>
    /// <remarks>
    /// The layers are taken as one: ‖v‖² = Σ_l Σ_(r,r') (a_lr·a_lr' + 1)(δ_lr·δ_lr') and terms Σ_r √(Σ_l (‖a_lr‖² + 1)‖δ_lr‖²). What <see cref="GradientNorm.OfGhost"/> adds for each layer's
    /// rounding, γ (Σ_r x_lr)², adds up to no more than γ (Σ_r √(Σ_l x_lr²))² by Minkowski's inequality; norms per layer would add up to more, by the root of
    /// the number of layers, and one row would be clipped for its layers.
    /// </remarks>
    public static GradientNorm Of(DenseNetwork network, int first, int rows)
    {
        var (gram, terms) = (0.0, 0.0);
        for (var row = first; row < first + rows; row++)
        {
            var own = 0.0;
            foreach (var layer in network.Layers)
            {
                var inputs = layer.InputsOf(row);
                var derivatives = layer.DerivativesOf(row);
                var (a, d) = (MatrixKernel.Dot(inputs, inputs), MatrixKernel.Dot(derivatives, derivatives));
                if (!(a <= GreatestSquare && d <= GreatestSquare)) // and so where one of them is NaN
                    return new GradientNorm(double.NaN, double.NaN);
                own += (a + 1.0) * d;
                for (var other = first; other < row; other++)
                    gram += 2 * (MatrixKernel.Dot(inputs, layer.InputsOf(other)) + 1.0) * MatrixKernel.Dot(derivatives, layer.DerivativesOf(other));
            }

            gram += own;
            terms += Math.Sqrt(own);
        }

        return GradientNorm.OfGhost(gram, terms, network.Width + (network.Layers.Length * ((rows * rows) + 5)));
    }
}
