using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Counts scores on test rows in public bins, each count with exact discrete Gaussian noise (Canonne, Kamath and Steinke 2020). A patient counts with at most so many rows, which may all be in one bin: it moves
/// the counts by that much in L2.
/// </summary>
public sealed class PrivateHistogram
{
    private readonly int _bins;
    private readonly int _rowsPerPatient;
    private readonly DiscreteGaussian _noise;

    private PrivateHistogram(int bins, int rowsPerPatient, Rational multiplier)
    {
        (_bins, _rowsPerPatient) = (bins, rowsPerPatient);
        var squared = Rational.Of((long)rowsPerPatient * rowsPerPatient);
        var variance = multiplier * multiplier * squared;
        _noise = DiscreteGaussian.Of(variance < Rational.One ? Rational.One : variance);
        Charge = new GaussianCharge(Rational.One, squared, _noise.Variance, 2L * bins);
    }

    /// <summary>What one histogram is charged.</summary>
    public PrivacyCharge Charge { get; }

    /// <summary>The mechanism that a study declares.</summary>
    /// <param name="declared">What it declares.</param>
    /// <param name="rowsPerPatient">The most rows of a patient, from 1.</param>
    public static PrivateHistogram Of(PrivateEvaluation declared, int rowsPerPatient)
    {
        ArgumentNullException.ThrowIfNull(declared);
        return new PrivateHistogram(declared.Bins, rowsPerPatient, Rational.Exactly(declared.NoiseMultiplier));
    }

    /// <summary>
    /// Counts, with noise. Noise takes counts below 0, which none can be: each label's counts become the nearest ones, in L2, that are none below 0 and have the same sum. That costs nothing, and does not fill
    /// bins in which nobody is, as setting those below to 0 would.
    /// </summary>
    /// <param name="logits">[rows], finite.</param>
    /// <param name="labels">[rows], 1 positive, 0 negative.</param>
    /// <param name="patients">Which rows are of which patient; of a patient with more rows than count, the first do.</param>
    /// <param name="noise">Secret, of this release only.</param>
    public ScoreHistogram Count(ReadOnlySpan<double> logits, ReadOnlySpan<float> labels, PatientRows patients, KeyStream noise)
    {
        ArgumentNullException.ThrowIfNull(patients);
        var (negatives, positives) = (new long[_bins], new long[_bins]);
        for (var patient = 0; patient < patients.Count; patient++)
        {
            var rows = patients.Of(patient);
            foreach (var row in rows[..Math.Min(rows.Length, _rowsPerPatient)])
                (labels[row] == 1 ? positives : negatives)[ScoreHistogram.BinOf(logits[row], _bins)]++;
        }

        _noise.AddTo(negatives, noise);
        _noise.AddTo(positives, noise);
        return ScoreHistogram.OfCounts(Nearest(negatives), Nearest(positives));
    }

    // All counts less one number, and 0 where that is below 0 (Held, Wolfe and Crowder 1974, "Validation of subgradient optimization"); rounded down.
    private static long[] Nearest(long[] counts)
    {
        var total = Math.Max(0, counts.Sum());
        var (sum, excess, kept) = (0L, 0L, 1L);
        foreach (var (i, count) in counts.OrderDescending().Index())
        {
            sum += count;
            if ((count * (i + 1)) - (sum - total) > 0)
                (excess, kept) = (sum - total, i + 1);
        }

        // No site has so many rows; the noise of a study that asks for that much could reach it.
        return [.. counts.Select(count => Math.Clamp((long)Math.Floor(((double)(count * kept) - excess) / kept), 0, 1L << 23))];
    }
}
