using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// A step's sum before noise: each drawn patient's gradient (of the mean loss over the patient's rows) clipped to C, added up in float32 with those of some patients drawn next to it, each such sum rounded
/// to the grid, and codes added up as whole numbers. Its output is a secret of the site.
/// </summary>
/// <remarks>
/// <para><b>One patient changes one float32 sum</b> (K = 1 of <see cref="ClippedSum"/>). A neighbour is the same set with one patient's rows emptied. The draw does not look at rows, and a drawn
/// patient counts towards a sum's patients whether it has rows or not, so that every other patient stays in its sum. Its rows may come to lie elsewhere in a block, or in another
/// block; their numbers are the same to the bit (<see cref="MatrixKernel"/>), and so are norm and factor, which are made of them. A sum goes on over
/// the blocks' ends.</para>
/// <para><b>Terms</b> are rows: κ bounds the norms of a patient's rows together. A patient that is not finite is not added at all.</para>
/// </remarks>
internal sealed class ClippedGradients
{
    private const int BlockRows = 256;
    private const double RoundingMagic = 6755399441055744.0; // 1.5 × 2^52: added to a double below 2^51, it rounds half to even and leaves the whole number in the low bits

    private readonly ClippedSum _sum;
    private readonly int _rowsPerPatient;
    private readonly DenseNetwork _network;
    private readonly List<(int First, int Rows)> _patients = [];
    private readonly float[] _partial;
    private readonly long[] _codes;

    /// <summary>Room for a model's steps.</summary>
    /// <param name="plan">The model.</param>
    /// <param name="sum">From <see cref="ClippedSum.OfPatients"/>.</param>
    /// <param name="rowsPerPatient">The most rows of a patient in a step.</param>
    public ClippedGradients(ModelPlan plan, ClippedSum sum, int rowsPerPatient)
    {
        (_sum, _rowsPerPatient) = (sum, rowsPerPatient);
        _network = new DenseNetwork(plan, Math.Max(BlockRows, rowsPerPatient));
        (_partial, _codes) = (new float[_network.SumLength], new long[_network.SumLength]);
    }

    /// <summary>Sums.</summary>
    /// <param name="rows">The site's rows.</param>
    /// <param name="drawn">Who takes part, ascending.</param>
    /// <param name="step">Number of the step, from 0: a patient with more rows than a step takes shows the next ones in the next step.</param>
    /// <param name="parameters">[dimension].</param>
    /// <param name="clippingNorm">C.</param>
    /// <param name="codesPerUnit">g.</param>
    /// <param name="codes">Receives the sum, [dimension].</param>
    /// <returns>What became of the patients.</returns>
    public PrivateCounts Sum(
        TrainingSet rows, ReadOnlySpan<int> drawn, long step, ReadOnlySpan<float> parameters, float clippingNorm, double codesPerUnit, Span<long> codes)
    {
        _network.Load(parameters);
        Array.Clear(_codes);
        var counts = default(PrivateCounts);
        for (var slot = 0; slot < drawn.Length; slot++)
        {
            var own = rows.Patients.Of(drawn[slot]);
            var taken = Math.Min(own.Length, _rowsPerPatient);
            if (_network.Rows + taken > _network.Capacity)
                counts = counts.And(AddBlock(clippingNorm));
            if (taken == 0)
                counts = counts with { WithoutRows = counts.WithoutRows + 1 };
            else
                Add(rows, own, taken, step);
            if ((slot + 1) % _sum.Patients == 0 || slot + 1 == drawn.Length)
            {
                counts = counts.And(AddBlock(clippingNorm));
                Round(codesPerUnit);
            }
        }

        _network.Unpad<long>(_codes, codes);
        return counts;
    }

    private void Add(TrainingSet rows, ReadOnlySpan<int> own, int taken, long step)
    {
        _patients.Add((_network.Rows, taken));
        var first = own.Length > taken ? (int)(step % own.Length * taken % own.Length) : 0;
        for (var i = 0; i < taken; i++)
        {
            var row = own[(first + i) % own.Length];
            _network.Add(rows.Inputs.AsSpan(row * rows.Width, rows.Width), rows.Labels[row], 1f / taken);
        }
    }

    private PrivateCounts AddBlock(float clippingNorm)
    {
        var (unclipped, clipped, notFinite) = (0L, 0L, 0L);
        _network.Run();
        foreach (var (first, count) in _patients)
        {
            var factor = GhostNorm.Of(_network, first, count).Factor(clippingNorm, _sum.Cancellation);
            if (factor == 1)
            {
                unclipped++;
                continue;
            }

            (clipped, notFinite) = factor == 0 ? (clipped, notFinite + 1) : (clipped + 1, notFinite);
            _network.Scale(first, count, factor);
        }

        _network.AddGradientTo(_partial);
        _network.Clear();
        _patients.Clear();
        return new PrivateCounts(unclipped, clipped, notFinite, 0);
    }

    private void Round(double codesPerUnit)
    {
        ref var partial = ref MemoryMarshal.GetArrayDataReference(_partial);
        ref var codes = ref MemoryMarshal.GetArrayDataReference(_codes);
        var (scale, magic) = (Vector512.Create(codesPerUnit), Vector512.Create(RoundingMagic));
        for (nuint i = 0; i < (nuint)_partial.Length; i += (nuint)Vector512<float>.Count)
        {
            var (low, high) = Vector512.Widen(Vector512.LoadUnsafe(ref partial, i));
            var half = i + (nuint)Vector512<double>.Count;
            (Vector512.LoadUnsafe(ref codes, i) + (((low * scale) + magic).AsInt64() - magic.AsInt64())).StoreUnsafe(ref codes, i);
            (Vector512.LoadUnsafe(ref codes, half) + (((high * scale) + magic).AsInt64() - magic.AsInt64())).StoreUnsafe(ref codes, half);
        }

        Array.Clear(_partial);
    }
}
