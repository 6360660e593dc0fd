using System.Collections.Frozen;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Learning.Onnx;

/// <summary>
/// Looks into an ONNX file before anything runs it: whether it can only be a model that <see cref="OnnxWriter"/> has written. The operators are those that it uses, there are
/// no functions, subgraphs, sparse tensors or data in other files, no field that it does not write, and inputs and outputs are those of the study.
/// </summary>
/// <remarks>
/// A runtime for ONNX is a large native program, and the file comes from elsewhere. That it is signed says who made it, not that it is harmless. What is looked at here is read by a
/// small subset of the format, in managed code, and written again: a file that does not come out byte for byte has something in it that the subset does not know.
/// </remarks>
public static class OnnxReader
{
    /// <summary>Most bytes of a model that is read.</summary>
    public const int MaximumLength = 64 << 20;

    private const int FloatType = 1;
    private const int Int64Type = 7;
    private const int MaximumRank = 2;

    /// <summary>The operators that a model may have, each of opset 21's own domain.</summary>
    public static FrozenSet<string> Operators { get; } = FrozenSet.ToFrozenSet(
        [
            "And", "Cast", "Concat", "Div", "Equal", "Gather", "Gemm", "Greater", "GreaterOrEqual", "Identity", "LessOrEqual", "Mul", "Not", "Or", "ReduceMax", "Relu", "Sigmoid",
            "Sub", "Tanh", "Where",
        ], StringComparer.Ordinal);

    /// <summary>Holds a file against what a model of a study must be.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="study">The study.</param>
    /// <param name="constants">Its frozen preprocessing constants.</param>
    /// <exception cref="FormatException">It is something else, or has something in it that is not run here; the message says what, and never repeats the file's own words but names of operators that ONNX has.</exception>
    public static void Check(ReadOnlySpan<byte> file, Study study, PreprocessingConstants constants)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(constants);
        if (file.Length > MaximumLength)
            throw new FormatException($"The ONNX file has {file.Length} bytes; at most {MaximumLength} are read.");
        var model = Parse(file);
        if (model.IrVersion != OnnxWriter.IrVersion || model.OpsetImport is not [{ Domain: "", Version: OnnxWriter.OpsetVersion }])
            throw new FormatException($"The ONNX file must be of IR version {OnnxWriter.IrVersion} and use opset {OnnxWriter.OpsetVersion}, and no other set of operators.");
        Refuse(model.Functions.Count > 0, "functions of its own");
        Refuse(model.TrainingInfo.Count > 0, "training information");
        var graph = model.Graph ?? throw new FormatException("The ONNX file has no graph.");
        Refuse(graph.SparseInitializer.Count > 0, "sparse tensors");
        var values = new HashSet<string>(StringComparer.Ordinal);
        CheckInputs(graph, study, values);
        foreach (var tensor in graph.Initializer)
            CheckTensor(tensor, values);
        foreach (var node in graph.Node)
            CheckNode(node, values);
        CheckOutputs(graph, study, values);
        Metadata(model, "fcml.study", study.Digest.ToString());
        Metadata(model, "fcml.constants", constants.Digest.ToString());

        // Last, so that what has a name is named above.
        if (!model.ToByteArray().AsSpan().SequenceEqual(file))
            throw new FormatException("The ONNX file has fields that no model of this software has, or is written otherwise. Only models that this software has written are scored with.");
    }

    private static ModelProto Parse(ReadOnlySpan<byte> file)
    {
        try
        {
            return ModelProto.Parser.WithDiscardUnknownFields(true).ParseFrom(file);
        }
        catch (InvalidProtocolBufferException)
        {
            throw new FormatException("The ONNX file is no protocol buffer, or breaks off.");
        }
    }

    private static void CheckInputs(GraphProto graph, Study study, HashSet<string> values)
    {
        if (!graph.Input.Select(input => input.Name).SequenceEqual(study.Data.Features.Select(feature => feature.Name), StringComparer.Ordinal))
            throw new FormatException("The ONNX file's inputs must be the study's features, each once, in their order.");
        foreach (var input in graph.Input)
        {
            CheckColumn(input);
            values.Add(input.Name);
        }
    }

    private static void CheckOutputs(GraphProto graph, Study study, HashSet<string> values)
    {
        var outputs = OnnxWriter.OutputsOf(study);
        if (!graph.Output.Select(output => output.Name).SequenceEqual(outputs, StringComparer.Ordinal) || graph.Output.Any(output => !values.Contains(output.Name)))
            throw new FormatException($"The ONNX file's outputs must be {string.Join(" and ", outputs)}, made by nodes.");
        foreach (var output in graph.Output)
            CheckColumn(output);
    }

    // Every input and output is a column of floats: [batch, 1].
    private static void CheckColumn(ValueInfoProto value)
    {
        if (value.Type?.TensorType is not { ElemType: FloatType } tensor || tensor.Shape?.Dim is not [{ DimParam: "batch" }, { DimValue: 1 }])
            throw new FormatException("Every input and output of the ONNX file must be float, [batch, 1].");
    }

    private static void CheckTensor(TensorProto tensor, HashSet<string> values)
    {
        Refuse(tensor.ExternalData.Count > 0 || tensor.DataLocation != 0, "tensors whose values lie in another file");
        var width = tensor.DataType switch
        {
            FloatType => sizeof(float),
            Int64Type => sizeof(long),
            _ => throw new FormatException("The ONNX file's tensors must be float or int64."),
        };
        if (tensor.Dims.Count is 0 or > MaximumRank || tensor.Dims.Any(dimension => dimension is < 1 or > MaximumLength)
            || tensor.Dims.Aggregate(1L, (product, dimension) => product * dimension) * width != tensor.RawData.Length)
            throw new FormatException("A tensor of the ONNX file has not as many values as its shape says.");
        Define(tensor.Name, values);
    }

    private static void CheckNode(NodeProto node, HashSet<string> values)
    {
        if (node.Domain.Length > 0 || !Operators.Contains(node.OpType))
            throw new FormatException($"The ONNX file has an operator that is not run here. Those that are: {string.Join(", ", Operators.Order(StringComparer.Ordinal))}.");
        foreach (var attribute in node.Attribute)
        {
            Refuse(attribute.G.Length > 0 || attribute.Graphs.Count > 0, "subgraphs");
            if (attribute.Type != AttributeProto.Types.AttributeType.Int || attribute.Name is not ("axis" or "keepdims" or "to" or "transB"))
                throw new FormatException("The ONNX file has an attribute of a node that no model of this software has.");
        }

        if (node.Input.Count == 0 || node.Input.Any(input => !values.Contains(input)))
            throw new FormatException("A node of the ONNX file takes a value that nothing before it has made.");
        if (node.Output.Count != 1)
            throw new FormatException("Every node of the ONNX file must make one value.");
        Define(node.Output[0], values);
    }

    private static void Define(string name, HashSet<string> values)
    {
        if (name.Length == 0 || !values.Add(name))
            throw new FormatException("The ONNX file makes a value twice, or one without a name.");
    }

    private static void Metadata(ModelProto model, string key, string value)
    {
        if (model.MetadataProps.Count(entry => entry.Key == key) != 1 || model.MetadataProps.First(entry => entry.Key == key).Value != value)
            throw new FormatException($"The ONNX file's {key} is not that of the model: it was made of another study, or with other constants.");
    }

    private static void Refuse(bool has, string what)
    {
        if (has)
            throw new FormatException($"The ONNX file has {what}, which are not run here.");
    }
}
