using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// How the numbers of each measure (a code in a unit) are spread, judged by a sample of each: at most 2048 numbers, drawn so that every number has
/// the same chance (Vitter 1985, algorithm R), with a seed of the measure's own, so that the same store gives the same sample.
/// </summary>
internal sealed class SpreadCheck(RuleTally iqr, RuleTally modifiedZ, SiteConcepts concepts) : PatientCheck
{
    private const int Least = 100; // numbers of a measure that is judged
    private const int MostOutside = 20; // one in so many

    private readonly SortedDictionary<(int Concept, int Unit), Sample> _samples = [];

    public override IEnumerable<RuleTally> Tallies => [iqr, modifiedZ];

    /// <summary>Every measure that was judged.</summary>
    public ImmutableArray<MeasureSpread> Spreads { get; private set; } = [];

    public override void Look(QualityPatient patient)
    {
        foreach (ref readonly var item in patient.Events)
        {
            if (double.IsNaN(item.Event.Number) || item.Event.Concept < 0 || item.Event.Flags.HasFlag(EventFlags.Bound))
                continue;
            var key = (item.Event.Concept, item.Event.Unit);
            if (!_samples.TryGetValue(key, out var sample))
                _samples[key] = sample = new Sample(key);
            sample.Add(item.Event.Number);
        }
    }

    public override void End()
    {
        var spreads = ImmutableArray.CreateBuilder<MeasureSpread>();
        foreach (var ((concept, unit), sample) in _samples.Where(one => one.Value.Seen >= Least))
        {
            var (byIqr, byZ) = sample.SharesOutside();
            iqr.Count(byIqr * MostOutside > 1);
            modifiedZ.Count(byZ * MostOutside > 1);
            spreads.Add(new MeasureSpread(TerminologyReport.Shown(concepts[concept][0]), TerminologyReport.Shown(concepts.UnitOf(unit, concept)), sample.Seen, byIqr, byZ));
        }

        Spreads = spreads.ToImmutable();
    }

    private sealed class Sample((int Concept, int Unit) key)
    {
        private const int Size = 2048;

        private readonly List<double> _numbers = [];
        private DeterministicRandom? _random;

        public long Seen { get; private set; }

        public void Add(double number)
        {
            Seen++;
            if (_numbers.Count < Size)
            {
                _numbers.Add(number);
                return;
            }

            _random ??= DeterministicRandom.Of("quality-sample", key.Concept.ToString(CultureInfo.InvariantCulture), key.Unit.ToString(CultureInfo.InvariantCulture));
            var place = (long)(_random.NextDouble() * Seen);
            if (place < Size)
                _numbers[(int)place] = number;
        }

        public (double Iqr, double ModifiedZ) SharesOutside()
        {
            double[] sorted = [.. _numbers.Order()];
            var (q1, median, q3) = (Quantile(sorted, 0.25), Quantile(sorted, 0.5), Quantile(sorted, 0.75));
            var (low, high) = (q1 - (3 * (q3 - q1)), q3 + (3 * (q3 - q1)));
            double[] deviations = [.. sorted.Select(number => Math.Abs(number - median)).Order()];
            var mad = Quantile(deviations, 0.5);
            // Where half of all numbers are one, neither says anything about the others.
            return (
                q3 > q1 ? (double)sorted.Count(number => number < low || number > high) / sorted.Length : 0,
                mad > 0 ? (double)deviations.Count(deviation => 0.6745 * deviation / mad > 3.5) / sorted.Length : 0);
        }

        // Linear between the order statistics (Hyndman and Fan 1996, type 7).
        private static double Quantile(double[] sorted, double share)
        {
            var at = share * (sorted.Length - 1);
            var below = (int)at;
            return below + 1 < sorted.Length ? sorted[below] + ((at - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
        }
    }
}
