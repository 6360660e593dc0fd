using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>Sums of residues modulo one prime, many at a time.</summary>
internal static class ResidueSum
{
    /// <summary>left += right modulo q, both below q: the smaller of the sum and the sum less q, since an unsigned difference below zero is the greater.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(Span<ulong> left, ReadOnlySpan<ulong> right, ulong q)
    {
        right = right[..left.Length];
        var modulus = new Vector<ulong>(q);
        var end = left.Length - (left.Length % Vector<ulong>.Count);
        for (var i = 0; i < end; i += Vector<ulong>.Count)
        {
            var sum = new Vector<ulong>(left[i..]) + new Vector<ulong>(right[i..]);
            Vector.Min(sum, sum - modulus).CopyTo(left[i..]);
        }

        for (var i = end; i < left.Length; i++)
        {
            var sum = left[i] + right[i];
            left[i] = Math.Min(sum, sum - q);
        }
    }
}
