using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The discrete Fourier transform of a power-of-two length: radix 2, decimation in time, twiddle factors each computed by itself. Our own, in a
/// few lines, because the error bound below is proved for exactly this algorithm; a library's transform comes without one.
/// </summary>
internal sealed class FourierTransform
{
    // Unit round-off, and a bound on |computed - true| of a twiddle factor: its angle, at most pi, is off by 2 pi u; each coordinate by one more u.
    private const double Unit = 1.1102230246251565e-16;
    private const double TwiddleError = 12 * Unit;

    private readonly Complex[] _twiddles;
    private readonly int _log;

    public FourierTransform(int length)
    {
        if (length < 2 || !BitOperations.IsPow2(length))
            throw new ArgumentOutOfRangeException(nameof(length), length, "The length is a power of two, from 2.");
        Length = length;
        _log = BitOperations.Log2((uint)length);
        _twiddles = new Complex[length / 2];
        for (var k = 0; k < _twiddles.Length; k++)
        {
            var (sin, cos) = Math.SinCos(-2 * Math.PI * k / length);
            _twiddles[k] = new Complex(cos, sin);
        }
    }

    public int Length { get; }

    /// <summary>
    /// A bound on |computed - exact| / |exact|, in Euclidean norms, of <see cref="Forward"/> and <see cref="Inverse"/>: Higham 2002, theorem 24.2.
    /// </summary>
    public double RelativeError
    {
        get
        {
            var gamma = 4 * Unit / (1 - (4 * Unit));
            var eta = TwiddleError + (gamma * (Math.Sqrt(2) + TwiddleError));
            return _log * eta / (1 - (_log * eta));
        }
    }

    /// <summary>In place: X(k) = sum over n of x(n) exp(-2 pi i k n / N).</summary>
    public void Forward(Complex[] values)
    {
        Permute(values);
        for (var half = 1; half < Length; half *= 2)
        {
            var stride = Length / (2 * half);
            for (var start = 0; start < Length; start += 2 * half)
            {
                for (var k = 0; k < half; k++)
                {
                    var odd = _twiddles[k * stride] * values[start + k + half];
                    var even = values[start + k];
                    values[start + k] = even + odd;
                    values[start + k + half] = even - odd;
                }
            }
        }
    }

    /// <summary>In place: x(n) = 1/N times the sum over k of X(k) exp(2 pi i k n / N). The scaling, by a power of two, is exact.</summary>
    public void Inverse(Complex[] values)
    {
        Forward(values);
        Array.Reverse(values, 1, Length - 1);
        for (var i = 0; i < Length; i++)
            values[i] /= Length;
    }

    private void Permute(Complex[] values)
    {
        for (int i = 1, reversed = 0; i < Length; i++)
        {
            var bit = Length / 2;
            for (; (reversed & bit) != 0; bit /= 2)
                reversed ^= bit;
            reversed ^= bit;
            if (i < reversed)
                (values[i], values[reversed]) = (values[reversed], values[i]);
        }
    }
}
