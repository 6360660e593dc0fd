using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The negacyclic number-theoretic transform of length N modulo a prime that is 1 modulo 2N: it turns products modulo X^N + 1 into products word by word. Natural order
/// in, bit-reversed order out, by the minimal root, as SEAL has it. Values stay lazily reduced between the layers, below 4q forwards and below
/// 2q backwards (Harvey 2014, "Faster arithmetic for number-theoretic transforms"): q is below 2^60, so nothing overflows. Immutable.
/// </summary>
internal sealed class NumberTheoreticTransform
{
    private readonly int _degree;
    private readonly FixedPolynomial _roots;
    private readonly FixedPolynomial _inverses;
    private readonly FixedPolynomial _scale;

    public NumberTheoreticTransform(int degree, PrimeModulus modulus)
    {
        (_degree, Modulus) = (degree, modulus);
        var bits = BitOperations.Log2((uint)degree);
        var root = modulus.MinimalRoot(degree);
        var roots = new ulong[degree];
        var inverses = new ulong[degree];
        var power = 1UL;
        for (var i = 0; i < degree; i++)
        {
            var reversed = 0;
            for (var bit = 0; bit < bits; bit++)
                reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
            roots[reversed] = power;
            inverses[reversed] = modulus.Invert(power);
            power = modulus.Multiply(power, root);
        }

        _roots = new FixedPolynomial(modulus, roots);
        _inverses = new FixedPolynomial(modulus, inverses);
        var scale = new ulong[degree];
        Array.Fill(scale, modulus.Invert((ulong)degree));
        _scale = new FixedPolynomial(modulus, scale);
    }

    public PrimeModulus Modulus { get; }

    /// <summary>Coefficients, each below q, to values, each below q.</summary>
    public void Forward(Span<ulong> polynomial)
    {
        Check(polynomial);
        var q = Modulus.Value;
        for (var gap = _degree / 2; gap > 0; gap /= 2)
        {
            if (VectorButterfly.IsSupported)
                VectorButterfly.Forward(polynomial, _roots, gap, q);
            else
                ForwardLayer(polynomial, gap);
        }

        var twice = 2 * q;
        foreach (ref var value in polynomial)
        {
            value = Math.Min(value, value - twice);
            value = Math.Min(value, value - q);
        }
    }

    /// <summary>Values, each below q, to coefficients, each below q.</summary>
    public void Inverse(Span<ulong> polynomial)
    {
        Check(polynomial);
        for (var gap = 1; gap < _degree; gap *= 2)
        {
            if (VectorButterfly.IsSupported)
                VectorButterfly.Inverse(polynomial, _inverses, gap, Modulus.Value);
            else
                InverseLayer(polynomial, gap);
        }

        _scale.MultiplyInto(polynomial);
    }

    /// <summary>One layer forwards, word by word: below 4q before and after.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void ForwardLayer(Span<ulong> polynomial, int gap)
    {
        var q = Modulus.Value;
        var twice = 2 * q;
        ref var x = ref MemoryMarshal.GetReference(polynomial);
        var groups = _degree / (2 * gap);
        for (var group = 0; group < groups; group++)
        {
            var root = _roots.Words[groups + group];
            var quotient = _roots.Quotients[groups + group];
            ref var low = ref Unsafe.Add(ref x, 2 * group * gap);
            ref var high = ref Unsafe.Add(ref low, gap);
            for (var i = 0; i < gap; i++)
            {
                var u = Unsafe.Add(ref low, i);
                var v = Unsafe.Add(ref high, i);
                u = Math.Min(u, u - twice); // an unsigned difference below zero is greater than u
                v = (v * root) - (Math.BigMul(v, quotient, out _) * q);
                Unsafe.Add(ref low, i) = u + v;
                Unsafe.Add(ref high, i) = u + twice - v;
            }
        }
    }

    /// <summary>One layer backwards, word by word: below 2q before and after.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void InverseLayer(Span<ulong> polynomial, int gap)
    {
        var q = Modulus.Value;
        var twice = 2 * q;
        ref var x = ref MemoryMarshal.GetReference(polynomial);
        var groups = _degree / (2 * gap);
        for (var group = 0; group < groups; group++)
        {
            var root = _inverses.Words[groups + group];
            var quotient = _inverses.Quotients[groups + group];
            ref var low = ref Unsafe.Add(ref x, 2 * group * gap);
            ref var high = ref Unsafe.Add(ref low, gap);
            for (var i = 0; i < gap; i++)
            {
                var u = Unsafe.Add(ref low, i);
                var v = Unsafe.Add(ref high, i);
                var sum = u + v;
                Unsafe.Add(ref low, i) = Math.Min(sum, sum - twice);
                v = u + twice - v;
                Unsafe.Add(ref high, i) = (v * root) - (Math.BigMul(v, quotient, out _) * q);
            }
        }
    }

    // The layers run without bounds checks: this is the one place that holds the length against the degree.
    private void Check(Span<ulong> polynomial)
    {
        if (polynomial.Length != _degree)
            throw new ArgumentException($"A polynomial has {_degree} words, this one {polynomial.Length}.", nameof(polynomial));
    }
}
