namespace FederatedClinicalMl.Privacy;

/// <summary>A mechanism whose loss can be put on a grid. Equal ones compose as powers of one transform.</summary>
internal abstract record LossStep
{
    /// <summary>How far, in the logarithm, the chances of what really runs may be from the mechanism whose loss is put on the grid.</summary>
    public abstract double Deviation { get; }

    /// <summary>Whether the loss is distributed alike with the patient added and removed.</summary>
    public abstract bool Symmetric { get; }

    /// <summary>Puts the loss on a grid.</summary>
    /// <param name="grid">An empty grid.</param>
    /// <param name="width">Its width.</param>
    /// <param name="added">Whether the loss is counted for data without the patient, against data with; otherwise the other way round.</param>
    /// <param name="cap">Losses from here on are as good as unbounded.</param>
    public abstract void Fill(LossGrid grid, double width, bool added, double cap);

    /// <summary>A few hundred outcomes that stand for all: the logarithm of each one's probability, and its loss. For choosing a tilt and a grid.</summary>
    public abstract IEnumerable<(double LogMass, double Loss)> Outcomes(bool added);

    /// <summary>What a charge runs in each of its steps.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The noise is too small for the tables' proved accuracy.</exception>
    public static LossStep Of(PrivacyCharge charge) => charge switch
    {
        GaussianCharge gaussian => GaussianLossStep.Of(gaussian),
        PureCharge pure => new PureLossStep(RationalBounds.Above(pure.Epsilon)),
        _ => throw new ArgumentOutOfRangeException(nameof(charge), "No loss distribution is known for this mechanism."),
    };
}

/// <summary>Randomised response, which dominates whatever is epsilon-differentially private with delta 0 (Kairouz, Oh and Viswanath 2015).</summary>
internal sealed record PureLossStep(double Epsilon) : LossStep
{
    public override double Deviation => 0;

    public override bool Symmetric => true;

    public override IEnumerable<(double LogMass, double Loss)> Outcomes(bool added) =>
        [(-Elementary.LogOnePlusExp(Epsilon), -Epsilon), (-Elementary.LogOnePlusExp(-Epsilon), Epsilon)];

    public override void Fill(LossGrid grid, double width, bool added, double cap)
    {
        var likely = 1 / (1 + Math.Exp(-Epsilon));
        var unlikely = Math.Exp(-Epsilon) / (1 + Math.Exp(-Epsilon));
        grid.Add((int)Math.Floor(-Epsilon / width), unlikely, likely);
        grid.Add((int)Math.Floor(Epsilon / width), likely, unlikely);
    }
}
