using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// How the numbers of each measure (a code in a unit) are spread, judged by a sample of each: at most 2048 numbers, drawn so that every number has
/// the same chance (Vitter 1985, algorithm R), with a seed of the measure's own, so that the same store gives the same sample. Which numbers lie outside
/// is known once all were seen: whoever wants them shows the patients a second time, to <see cref="Flag"/>.
/// </summary>
internal sealed class SpreadCheck(RuleTally iqr, RuleTally modifiedZ, SiteConcepts concepts) : PatientCheck
{
    private const int Least = 100; // numbers of a measure that is judged
    private const int MostOutside = 20; // one in so many

    private readonly SortedDictionary<(int Concept, int Unit), Sample> _samples = [];
    private readonly Dictionary<(int Concept, int Unit), Fences> _fences = [];

    public override IEnumerable<RuleTally> Tallies => [iqr, modifiedZ];

    /// <summary>Every measure that was judged.</summary>
    public ImmutableArray<MeasureSpread> Spreads { get; private set; } = [];

    public override void Look(QualityPatient patient)
    {
        foreach (ref readonly var item in patient.Events)
        {
            if (!IsMeasured(item))
                continue;
            var key = (item.Event.Concept, item.Event.Unit);
            if (!_samples.TryGetValue(key, out var sample))
                _samples[key] = sample = new Sample(key);
            sample.Add(new Number(item.Event.Number, iqr.IsKept(item), modifiedZ.IsKept(item)));
        }
    }

    public override void End()
    {
        var spreads = ImmutableArray.CreateBuilder<MeasureSpread>();
        foreach (var (key, sample) in _samples.Where(one => one.Value.Seen >= Least))
        {
            var fences = _fences[key] = Fences.Of(sample.Numbers);
            var (byIqr, byZ) = (sample.Share(number => !number.KeptByIqr && fences.Iqrs(number.Value) > 0), sample.Share(number => !number.KeptByZ && fences.IsFar(number.Value)));
            iqr.Count(byIqr * MostOutside > 1);
            modifiedZ.Count(byZ * MostOutside > 1);
            spreads.Add(new MeasureSpread(TerminologyReport.Shown(concepts[key.Concept][0]), TerminologyReport.Shown(concepts.UnitOf(key.Unit, key.Concept)), sample.Seen, byIqr, byZ));
        }

        Spreads = spreads.ToImmutable();
    }

    /// <summary>Puts the numbers outside before the steward, farthest first, whether their measure fails or not: as those of every other rule. After <see cref="End"/>.</summary>
    public void Flag(QualityPatient patient)
    {
        foreach (ref readonly var item in patient.Events)
        {
            if (!IsMeasured(item) || !_fences.TryGetValue((item.Event.Concept, item.Event.Unit), out var fences))
                continue;
            if (fences.Iqrs(item.Event.Number) is > 0 and var beyond)
                iqr.Flag(item, beyond);
            if (fences.IsFar(item.Event.Number))
                modifiedZ.Flag(item, fences.ModifiedZ(item.Event.Number));
        }
    }

    private static bool IsMeasured(in TimelineEvent item) => !double.IsNaN(item.Event.Number) && item.Event.Concept >= 0 && !item.Event.Flags.HasFlag(EventFlags.Bound);

    private readonly record struct Number(double Value, bool KeptByIqr, bool KeptByZ);

    private readonly record struct Fences(double Q1, double Median, double Q3, double Mad)
    {
        public static Fences Of(ReadOnlySpan<Number> numbers)
        {
            var sorted = new double[numbers.Length];
            for (var i = 0; i < sorted.Length; i++)
                sorted[i] = numbers[i].Value;
            Array.Sort(sorted);
            var median = Quantile(sorted, 0.5);
            var deviations = Array.ConvertAll(sorted, number => Math.Abs(number - median));
            Array.Sort(deviations);
            return new Fences(Quantile(sorted, 0.25), median, Quantile(sorted, 0.75), Quantile(deviations, 0.5));
        }

        /// <summary>How many interquartile ranges a number lies beyond the far fences; 0 within. Where half of all numbers are one, nothing is said.</summary>
        public double Iqrs(double number) => Q3 > Q1 ? Math.Max(0, (Math.Max(Q1 - number, number - Q3) / (Q3 - Q1)) - 3) : 0;

        public double ModifiedZ(double number) => Mad > 0 ? 0.6745 * Math.Abs(number - Median) / Mad : 0;

        public bool IsFar(double number) => ModifiedZ(number) > 3.5;

        // Linear between the order statistics (Hyndman and Fan 1996, type 7).
        private static double Quantile(double[] sorted, double share)
        {
            var at = share * (sorted.Length - 1);
            var below = (int)at;
            return below + 1 < sorted.Length ? sorted[below] + ((at - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
        }
    }

    private sealed class Sample((int Concept, int Unit) key)
    {
        private const int Size = 2048;

        private readonly List<Number> _numbers = [];
        private DeterministicRandom? _random;

        public long Seen { get; private set; }

        public ReadOnlySpan<Number> Numbers => CollectionsMarshal.AsSpan(_numbers);

        public void Add(Number number)
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

        public double Share(Func<Number, bool> isOutside) => (double)_numbers.Count(isOutside) / _numbers.Count;
    }
}
