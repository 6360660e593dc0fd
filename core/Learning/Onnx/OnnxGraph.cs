using System.Runtime.InteropServices;
using Google.Protobuf;

namespace FederatedClinicalMl.Learning.Onnx;

/// <summary>Adds named values to an ONNX graph; names of intermediate values begin with "fcml/", which no feature's name can.</summary>
internal sealed class OnnxGraph(string name)
{
    private const int FloatType = 1;
    private const int Int64Type = 7;

    private int _values;

    internal GraphProto Proto { get; } = new() { Name = name };

    internal string Input(string input, string doc)
    {
        Proto.Input.Add(Value(input, doc));
        return input;
    }

    internal void Output(string value, string output, string doc)
    {
        Proto.Node.Add(new NodeProto { OpType = "Identity", Name = output, Input = { value }, Output = { output } });
        Proto.Output.Add(Value(output, doc));
    }

    internal string Floats(string initializer, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Initializer(initializer, FloatType, MemoryMarshal.AsBytes(values), shape);

    internal string Integers(string initializer, ReadOnlySpan<long> values) =>
        Initializer(initializer, Int64Type, MemoryMarshal.AsBytes(values), values.Length);

    internal string Add(string operation, ReadOnlySpan<string> inputs, params ReadOnlySpan<(string Name, long Value)> attributes)
    {
        var output = $"fcml/{_values++}/{operation}";
        var node = new NodeProto { OpType = operation, Name = output, Output = { output } };
        foreach (var input in inputs)
            node.Input.Add(input);
        foreach (var (attribute, value) in attributes)
            node.Attribute.Add(new AttributeProto { Name = attribute, I = value, Type = AttributeProto.Types.AttributeType.Int });
        Proto.Node.Add(node);
        return output;
    }

    internal string CastToFloat(string value) => Add("Cast", [value], ("to", FloatType));

    private string Initializer(string initializer, int type, ReadOnlySpan<byte> bytes, params ReadOnlySpan<int> shape)
    {
        var tensor = new TensorProto { Name = $"fcml/{initializer}", DataType = type, RawData = ByteString.CopyFrom(bytes) };
        foreach (var dimension in shape)
            tensor.Dims.Add(dimension);
        Proto.Initializer.Add(tensor);
        return tensor.Name;
    }

    // Every input and output is a column: [batch, 1].
    private static ValueInfoProto Value(string value, string doc)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 1 });
        return new ValueInfoProto
        {
            Name = value,
            DocString = doc,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = FloatType, Shape = shape } },
        };
    }
}
