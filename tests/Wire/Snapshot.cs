using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace FederatedClinicalMl.Tests.Wire;

/// <summary>
/// A contract as lines of text: for each field the bytes of a message that has just this field set, for each enum value its number, for each
/// call its path and messages. A line that changes is a peer that no longer understands.
/// </summary>
internal static class Snapshot
{
    /// <summary>The lines of a contract, in the order of its file.</summary>
    public static IEnumerable<string> Of(FileDescriptor file) =>
    [
        .. file.Services.SelectMany(service => service.Methods).Select(Line),
        .. file.MessageTypes.SelectMany(Lines),
        .. file.EnumTypes.SelectMany(Lines),
    ];

    private static string Line(MethodDescriptor call) =>
        $"call /{call.Service.FullName}/{call.Name} {(call.IsClientStreaming ? "stream " : "")}{Short(call.InputType)} -> {(call.IsServerStreaming ? "stream " : "")}{Short(call.OutputType)}";

    private static IEnumerable<string> Lines(MessageDescriptor type) =>
    [
        .. type.Fields.InDeclarationOrder().Select(field => Line(type, field)),
        .. type.NestedTypes.SelectMany(Lines),
        .. type.EnumTypes.SelectMany(Lines),
    ];

    private static IEnumerable<string> Lines(EnumDescriptor type) => type.Values.Select(value => $"enum {type.FullName}.{value.Name} {value.Number}");

    private static string Line(MessageDescriptor type, FieldDescriptor field)
    {
        var message = type.Parser.ParseFrom([]);
        if (field.IsRepeated)
            ((System.Collections.IList)field.Accessor.GetValue(message)).Add(Sample(field));
        else
            field.Accessor.SetValue(message, Sample(field));
        var kind = field.FieldType is FieldType.Message ? Short(field.MessageType) : field.FieldType is FieldType.Enum ? field.EnumType.Name : field.FieldType.ToString().ToLowerInvariant();
        var oneof = field.RealContainingOneof is { } one ? $" in {one.Name}" : "";
        return $"field {type.FullName}.{field.Name} {(field.IsRepeated ? "repeated " : "")}{kind}{oneof} {Convert.ToHexStringLower(message.ToByteArray())}";
    }

    // Values whose bytes tell the types apart that the wire can tell apart. Of an enum the first that says something: it stays where it is when
    // others are added.
    private static object Sample(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => "é",
        FieldType.Bytes => ByteString.CopyFrom(0xff, 0x00),
        FieldType.Bool => true,
        FieldType.UInt32 => 300u,
        FieldType.UInt64 => ulong.MaxValue,
        FieldType.Int32 => -2,
        FieldType.Int64 => -2L,
        FieldType.SInt32 => -2,
        FieldType.SInt64 => -2L,
        FieldType.Fixed32 => 300u,
        FieldType.Fixed64 => 300ul,
        FieldType.SFixed32 => -2,
        FieldType.SFixed64 => -2L,
        FieldType.Double => 0.5,
        FieldType.Float => 0.5f,
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, field.EnumType.Values[1].Number),
        FieldType.Message => field.MessageType.Parser.ParseFrom([]),
        _ => throw new NotSupportedException($"{field.FullName} is of the type {field.FieldType}, for which the snapshot has no sample."),
    };

    private static string Short(MessageDescriptor type) => type.FullName[(type.File.Package.Length + 1)..];
}
