using CsCheck;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Bytes that somebody may have made up.</summary>
internal static class Hostile
{
    /// <summary>Honest bytes of which some were overwritten, cut off or repeated; or noise.</summary>
    public static Gen<byte[]> Bytes(params byte[][] honest) => Gen.Frequency(
        (6, Gen.Select(Gen.Int[0, honest.Length - 1], Gen.Select(Gen.Int[0, 200], Gen.Byte).Array[1, 4], (which, changes) =>
        {
            var bytes = honest[which].ToArray();
            foreach (var (at, value) in changes)
                bytes[Math.Min(at, bytes.Length - 1)] = value;
            return bytes;
        })),
        (2, Gen.Select(Gen.Int[0, honest.Length - 1], Gen.Double.Unit, (which, part) => honest[which][..(int)(part * honest[which].Length)])),
        (1, Gen.Select(Gen.Int[0, honest.Length - 1], Gen.Int[0, honest.Length - 1], (one, two) => honest[one].Concat(honest[two]).ToArray())),
        (1, Gen.Byte.Array[0, 300]));

    /// <summary>Anything but success and a refusal for the format fails the test.</summary>
    public static void ReadOrRefuse(Action read)
    {
        try
        {
            read();
        }
        catch (FormatException)
        {
            // the only refusal
        }
    }
}
