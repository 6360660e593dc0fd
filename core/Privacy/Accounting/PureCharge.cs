using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A mechanism that is epsilon-differentially private with delta 0: discrete Laplace noise of scale s on counts that one patient moves by at most D in
/// L1 norm has epsilon D/s (Canonne, Kamath and Steinke 2020, section 4).
/// </summary>
public sealed record PureCharge : PrivacyCharge
{
    internal const string Mechanism = "pure";

    /// <summary>A charge.</summary>
    /// <param name="epsilon">Per step; above 0, at most 100: more than that protects nobody.</param>
    /// <param name="steps">How often; from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside of these bounds.</exception>
    public PureCharge(Rational epsilon, int steps = 1)
        : base(steps)
    {
        if (epsilon.Sign <= 0 || epsilon > Rational.Of(100))
            throw new ArgumentOutOfRangeException(nameof(epsilon), "Epsilon is above 0 and not above 100.");
        Epsilon = epsilon;
    }

    /// <summary>Epsilon of one step.</summary>
    public Rational Epsilon { get; }

    /// <inheritdoc/>
    public override JsonObject ToJson() => new() { ["mechanism"] = Mechanism, ["epsilon"] = Epsilon.ToString(), ["steps"] = Steps };

    /// <inheritdoc/>
    internal override double Divergence(int order) => RenyiCurve.TimesUp(RenyiDivergence.Pure(RationalBounds.Above(Epsilon), order), Steps);

    internal static PureCharge Read(JsonFields fields) => new(Fraction(fields, "epsilon"), Count(fields));
}
