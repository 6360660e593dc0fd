using System.Collections.Immutable;

namespace FederatedClinicalMl.Numerics;

/// <summary>One tensor's place in a flat parameter vector.</summary>
/// <param name="Name">Name, e.g. <c>layers.0.weight</c>.</param>
/// <param name="Shape">Dimensions, row-major.</param>
/// <param name="Offset">Index of its first value.</param>
public sealed record ParameterSlice(string Name, ImmutableArray<int> Shape, int Offset)
{
    /// <summary>Number of values.</summary>
    public int Length => Shape.Aggregate(1, (product, dimension) => checked(product * dimension));
}

/// <summary>Names, shapes and offsets of a flat vector of float32 parameters.</summary>
public sealed class ParameterLayout
{
    private ParameterLayout(ImmutableArray<ParameterSlice> slices, int dimension)
    {
        Slices = slices;
        Dimension = dimension;
    }

    /// <summary>The tensors, without gaps, in order of their offsets.</summary>
    public ImmutableArray<ParameterSlice> Slices { get; }

    /// <summary>Number of values of the whole vector.</summary>
    public int Dimension { get; }

    /// <summary>Lays tensors out one after the other.</summary>
    /// <exception cref="ArgumentException">A dimension is not positive, or a name is there twice.</exception>
    public static ParameterLayout Of(params IEnumerable<(string Name, ImmutableArray<int> Shape)> tensors)
    {
        var slices = ImmutableArray.CreateBuilder<ParameterSlice>();
        var offset = 0;
        foreach (var (name, shape) in tensors)
        {
            if (shape.Any(dimension => dimension < 1))
                throw new ArgumentException($"Tensor '{name}' has the shape [{string.Join(", ", shape)}]; every dimension must be at least 1.", nameof(tensors));
            if (slices.Any(slice => slice.Name == name))
                throw new ArgumentException($"Tensor '{name}' is there twice.", nameof(tensors));
            var slice = new ParameterSlice(name, shape, offset);
            slices.Add(slice);
            offset = checked(offset + slice.Length);
        }

        return new ParameterLayout(slices.ToImmutable(), offset);
    }
}
