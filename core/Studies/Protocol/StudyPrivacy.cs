namespace FederatedClinicalMl.Studies;

/// <summary>Whose noise protects whom.</summary>
public enum NoisePlacement
{
    /// <summary>Each site adds all of the noise that its own release needs.</summary>
    Site,

    /// <summary>Each site adds a part, and only the sum under masks has enough.</summary>
    Distributed,

    /// <summary>No site adds any; the coordinator noises the sum. Whoever operates it is trusted with that: no site can enforce it.</summary>
    Central,
}

/// <summary>
/// Differential privacy for patients as a study declares it: DP-SGD (Abadi et al. 2016) whose unit is the patient. All of it is public. What a budget needs says <c>fcml privacy plan</c>;
/// whether a site has that budget, its ledger.
/// </summary>
/// <param name="NoiseMultiplier">z: the noise's standard deviation over what one patient can change.</param>
/// <param name="ClippingNorm">C: what a patient's gradient is clipped to, in L2; with <see cref="Adaptive"/>, at the beginning of each round.</param>
/// <param name="SamplingRate">q: the chance with which each patient takes part in a step, from above 0 to 1.</param>
/// <param name="Patients">Training patients that a site is expected to have. Times q, it is what sums are divided by: a constant, for the number drawn would be another release.</param>
/// <param name="RowsPerPatient">The most rows of one patient in a step, and in an evaluation.</param>
/// <param name="Placement">Whose noise protects whom.</param>
/// <param name="Adaptive">How C follows the gradients; null: it stays.</param>
/// <param name="Evaluation">How scores are counted; null: they are not.</param>
public sealed record StudyPrivacy(
    double NoiseMultiplier,
    double ClippingNorm,
    double SamplingRate,
    int Patients,
    int RowsPerPatient,
    NoisePlacement Placement,
    AdaptiveNorm? Adaptive,
    PrivateEvaluation? Evaluation)
{
    // So many codes has a gradient as long as the greatest C: fine enough for any noise that protects anybody, and sums of 2^24 patients and 256 sites fit 64-bit words.
    private const int BitsOfNorm = 20;

    /// <summary>No site's noisy code is beyond it: 2^24 patients of 2^20 codes each, and room for noise. A sum of k sites beyond k times this is void.</summary>
    public const long GreatestCode = 1L << 46;

    /// <summary>What one code of the sites' sum is worth in the parameters, but for the division by the number of sites: a step of gradient descent.</summary>
    /// <param name="learningRate">Step size.</param>
    public double StepOfCode(double learningRate) => -learningRate / (CodesPerUnit * SamplingRate * Patients);

    /// <summary>Codes that a gradient of 1 has on the grid: the greatest power of two with which one as long as the greatest C has at most 2^20.</summary>
    public double CodesPerUnit => Math.ScaleB(1, BitsOfNorm - 1 - Math.ILogB(MathF.BitDecrement((float)(Adaptive?.Maximum ?? ClippingNorm)))); // no logarithm, whose last bit could be another one on another machine
}

/// <summary>A clipping norm that follows a quantile of the gradients' norms (Andrew et al. 2021).</summary>
/// <param name="Quantile">The share of patients that is not to be clipped, within (0, 1).</param>
/// <param name="Rate">How fast, above 0 and up to 1.</param>
/// <param name="Deviation">Of the noise on the count of those not clipped, in patients.</param>
/// <param name="Minimum">Least C.</param>
/// <param name="Maximum">Greatest C.</param>
public sealed record AdaptiveNorm(double Quantile, double Rate, double Deviation, double Minimum, double Maximum);

/// <summary>An evaluation under noise: counts of scores by bin and label.</summary>
/// <param name="NoiseMultiplier">The noise's standard deviation over what one patient can change.</param>
/// <param name="Bins">Public bins of scores: 8, 16, 32 or 64.</param>
public sealed record PrivateEvaluation(double NoiseMultiplier, int Bins);
