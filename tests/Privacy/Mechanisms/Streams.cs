using System.Buffers.Binary;
using System.Text;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Streams of a fixed secret, so that every statistical test gives the same verdict each time.</summary>
internal static class Streams
{
    public static KeyStream Of(long seed)
    {
        var inputs = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(inputs, seed);
        return KeyStream.Derive([.. Enumerable.Range(0, 32).Select(i => (byte)i)], "test", inputs);
    }

    public static KeyStream Of(string label) => KeyStream.Derive([.. Enumerable.Range(0, 32).Select(i => (byte)i)], "test", Encoding.UTF8.GetBytes(label));
}
