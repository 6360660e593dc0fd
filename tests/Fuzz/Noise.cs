using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace FederatedClinicalMl.Tests.Fuzz;

/// <summary>Seeded malformed input, from plain noise to messages that are almost right. One seed and case give the same bytes everywhere.</summary>
internal sealed class Noise(int seed)
{
    private const int Longest = 4096;

#pragma warning disable CA5394 // no source of secrets: the same bytes must come back from the same seed
    private readonly Random _random = new(seed);

    public int Below(int bound) => _random.Next(bound);

    public T OneOf<T>(params ReadOnlySpan<T> items) => items[_random.Next(items.Length)];

    /// <summary>Bytes without meaning.</summary>
    public byte[] Bytes(int longest = Longest)
    {
        var bytes = new byte[_random.Next(longest + 1)];
        _random.NextBytes(bytes);
        return bytes;
    }
#pragma warning restore CA5394

    /// <summary>Text of characters that break parsers.</summary>
    public string Text()
    {
        const string Characters = "aZ0-9._~%/\\:;,'\"<>{}[]()=&?#@!$*+ \t\u00e9\u4e2d\u202e";
        return string.Concat(Enumerable.Range(0, 1 + Below(80)).Select(_ => Characters[Below(Characters.Length)]));
    }

    /// <summary>A gRPC body: a length-prefixed message in which something is wrong.</summary>
    public byte[] GrpcBody(MessageDescriptor type)
    {
        var message = Below(3) == 0 ? Bytes(512) : Message(type, depth: 0).ToByteArray();
        if (Below(4) == 0 && message.Length > 0)
            message[Below(message.Length)] ^= (byte)(1 << Below(8));
        if (Below(6) == 0)
            message = message[..Below(message.Length + 1)];
        var announced = Below(8) switch
        {
            0 => uint.MaxValue,
            1 => (uint)Below(int.MaxValue),
            2 => (uint)Math.Max(0, message.Length - 1),
            _ => (uint)message.Length,
        };
        var body = new byte[5 + message.Length];
        body[0] = Below(10) == 0 ? (byte)Below(256) : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(1), announced);
        message.CopyTo(body, 5);
        return Below(12) == 0 ? body[..Below(body.Length + 1)] : body;
    }

    // Well-formed, with absurd values: texts where names belong, digests of the wrong length, numbers at their limits.
    private IMessage Message(MessageDescriptor type, int depth)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (Below(3) == 0 || (field.FieldType == FieldType.Message && depth == 4))
                continue;
            if (field.IsRepeated)
            {
                var list = (System.Collections.IList)field.Accessor.GetValue(message);
                for (var i = Below(4); i > 0; i--)
                    list.Add(Value(field, depth));
                continue;
            }

            field.Accessor.SetValue(message, Value(field, depth));
        }

        return message;
    }

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.String => Below(4) == 0 ? new string('a', 1 << Below(16)) : Text(),
        FieldType.Bytes => ByteString.CopyFrom(OneOf<byte[]>(Bytes(64), new byte[32], new byte[31], [], Bytes())),
        FieldType.Bool => Below(2) == 0,
        FieldType.Int32 or FieldType.SInt32 => OneOf(0, 1, -1, int.MinValue, int.MaxValue),
        FieldType.Int64 or FieldType.SInt64 => OneOf<long>(0, 1, -1, long.MinValue, long.MaxValue),
        FieldType.UInt32 => OneOf<uint>(0, 1, uint.MaxValue),
        FieldType.UInt64 => OneOf<ulong>(0, 1, ulong.MaxValue, long.MaxValue),
        FieldType.Double => OneOf<double>(0, double.NaN, double.PositiveInfinity, double.MinValue),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, OneOf(0, 1, 2, 99, -1)),
        FieldType.Message => Message(field.MessageType, depth + 1),
        _ => throw new NotSupportedException($"{field.FullName} is of a type that no message here has had so far: {field.FieldType}."),
    };
}
